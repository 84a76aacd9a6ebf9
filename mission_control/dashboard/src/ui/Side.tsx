// What is opened beside a list; on a phone it takes its place.
import type { ReactNode } from "react";
import { Button } from "./Button";
import styles from "./Side.module.css";
import { IdLine } from "./Text";

export interface SideProps {
  readonly title: string;
  readonly label: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export function Side({ title, label, onClose, children }: SideProps) {
  return (
    <aside className={styles.side} aria-label={`${label} ${title}`}>
      <header className={styles.head}>
        <h2>
          <span className={styles.label}>{label}</span>
          <IdLine id={title} />
        </h2>
        <Button kind="quiet" icon="close" label="Close" keys="Esc" onClick={onClose} />
      </header>
      <div className={styles.body}>{children}</div>
    </aside>
  );
}
