// The event that `sel` names, beside the page. Not here yet.
import { go, useAddress } from "../../stores/address";
import { Button } from "../../ui/Button";
import { Id } from "../../ui/Text";
import styles from "./event.module.css";

export default function EventPanel() {
  const sel = useAddress((address) => address.sel);
  return (
    <aside className={styles.panel} aria-label="Event">
      <Button kind="quiet" icon="close" label="Close" keys="Esc" onClick={() => go({ sel: "" })} />
      <Id id={sel} />
    </aside>
  );
}
