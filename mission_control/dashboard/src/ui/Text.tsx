// Text from outside, shown as text: nothing in it is markup, and what would not show does.
import { visible, visibleLine, withShortIds } from "./hostile";
import styles from "./Text.module.css";

/** In one line, cut off with an ellipsis where it has no room, long ids by their beginnings; whole in
 * its title. */
export function Line({ text, className }: { text: string; className?: string | undefined }) {
  const shown = visibleLine(text);
  return (
    <bdi className={`${styles.line} ${className ?? ""}`} title={shown.slice(0, 500)}>
      {withShortIds(shown)}
    </bdi>
  );
}

const TAIL = 10;

/** An id in one line: where it has no room, its middle is left out, as ids differ at their ends. */
export function IdLine({ id, className }: { id: string; className?: string | undefined }) {
  const whole = visibleLine(id);
  const shown = withShortIds(whole);
  const cut = Math.max(0, shown.length - TAIL);
  return (
    <bdi className={`${styles.ends} ${className ?? ""}`} title={whole.slice(0, 500)}>
      <span className={styles.begin}>{shown.slice(0, cut)}</span>
      <span className={styles.end}>{shown.slice(cut)}</span>
    </bdi>
  );
}

/** As many lines as it has. */
export function Lines({ text, className }: { text: string; className?: string | undefined }) {
  return (
    <p dir="auto" className={`${styles.lines} ${className ?? ""}`}>
      {visible(text)}
    </p>
  );
}

/** An id, in a fixed width; its beginning where it is long. */
export function Id({ id, max = 40 }: { id: string; max?: number }) {
  const shown = visibleLine(id);
  return (
    <bdi className={styles.id} title={shown.slice(0, 500)}>
      {shown.length > max ? `${shown.slice(0, max - 1)}…` : shown}
    </bdi>
  );
}
