// One word with a colour and a shape: the colour alone never says it.
import type { ReactNode } from "react";
import styles from "./Chip.module.css";

export type Tone = "plain" | "good" | "warn" | "bad" | "accent";

export function Chip({ tone = "plain", children, title }: { tone?: Tone; children: ReactNode; title?: string }) {
  return (
    <span className={`${styles.chip} ${styles[tone]}`} title={title}>
      <span className={styles.dot} aria-hidden="true" />
      {children}
    </span>
  );
}
