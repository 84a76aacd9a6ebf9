// A part of a page with a heading.
import { type ReactNode, useId } from "react";
import styles from "./Panel.module.css";

export interface PanelProps {
  readonly title: ReactNode;
  /** How many, or another word beside the heading. */
  readonly aside?: ReactNode;
  /** What one can do with all of it. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  /** The content goes to the edge: rows, a table. */
  readonly flush?: boolean;
  readonly className?: string | undefined;
}

export function Panel({ title, aside, actions, children, flush, className }: PanelProps) {
  const id = useId();
  return (
    <section className={`${styles.panel} ${className ?? ""}`} aria-labelledby={id}>
      <header className={styles.head}>
        <h2 id={id}>{title}</h2>
        {aside !== undefined && <span className={styles.aside}>{aside}</span>}
        {actions !== undefined && <span className={styles.actions}>{actions}</span>}
      </header>
      <div className={flush ? styles.flush : styles.body}>{children}</div>
    </section>
  );
}
