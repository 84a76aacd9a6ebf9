// A command to paste into a terminal.
import { Button } from "./Button";
import styles from "./Command.module.css";
import { copyText } from "./copy";
import { toast } from "./toasts";

export function Command({ text }: { text: string }) {
  const copy = async () => {
    const done = await copyText(text);
    toast(done ? "Copied the command" : "This browser does not let pages copy", done ? "good" : "bad");
  };
  return (
    <div className={styles.command}>
      <code>
        <span aria-hidden="true">$ </span>
        {text}
      </code>
      <Button kind="quiet" onClick={() => void copy()} aria-label={`Copy ${text}`}>
        Copy
      </Button>
    </div>
  );
}
