// Where can one go? At the side; on a phone in a sheet that the bar opens.
import { useAddress } from "../stores/address";
import { Dialog } from "../ui/Dialog";
import { Icon } from "../ui/Icon";
import { Link } from "../ui/Link";
import styles from "./Navigation.module.css";
import { GROUPS, VIEWS } from "./views";

export function Navigation({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <>
      <nav className={styles.side} aria-label="Pages">
        <Link to={{ view: "now", id: "", sel: "" }} className={styles.brand} label="Ganglion: to the page Now">
          <img src={new URL("./ganglion.svg", import.meta.url).href} width={24} height={24} alt="" />
          <span>Ganglion</span>
        </Link>
        <Pages />
      </nav>
      {open && (
        <Dialog title="Pages" onClose={onClose}>
          <nav className={styles.sheet} aria-label="Pages" onClick={onClose}>
            <Pages />
          </nav>
        </Dialog>
      )}
    </>
  );
}

function Pages() {
  const here = useAddress((address) => address.view);
  return GROUPS.map((group) => (
    <div key={group} className={styles.group} role="group" aria-label={group}>
      {VIEWS.filter((each) => each.group === group).map((each) => (
        <Link
          key={each.name}
          to={{ view: each.name, id: "" }}
          className={styles.item}
          current={each.name === here}
          title={`${each.title} (g ${each.key})`}
        >
          <Icon name={each.icon} />
          <span>{each.title}</span>
          <kbd aria-hidden="true">g {each.key}</kbd>
        </Link>
      ))}
    </div>
  ));
}
