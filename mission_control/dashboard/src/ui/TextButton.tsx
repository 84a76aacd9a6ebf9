// A button that stands in a text, and looks like a link.
import type { ReactNode } from "react";
import styles from "./TextButton.module.css";

export function TextButton({ onClick, children }: { onClick: () => void; children: ReactNode }) {
  return (
    <button type="button" className={styles.button} onClick={onClick}>
      {children}
    </button>
  );
}
