// A dialog of the browser's own: it keeps the focus, and Escape closes it.
import { type ReactNode, useEffect, useId, useRef } from "react";
import { Button } from "./Button";
import styles from "./Dialog.module.css";
import { visibleLine, withShortIds } from "./hostile";

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly foot?: ReactNode;
  readonly wide?: boolean;
  /** At the top of the page, without a heading: the palette. */
  readonly bare?: boolean;
}

export function Dialog({ title, onClose, children, foot, wide, bare }: DialogProps) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (element === null || element.open) return undefined;
    element.showModal();
    return () => element.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={`${styles.dialog} ${wide ? styles.wide : ""} ${bare ? styles.bare : ""}`}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <div className={styles.inside}>
        <header className={bare ? "visually-hidden" : styles.head}>
          <h2 id={id}>{withShortIds(visibleLine(title))}</h2>
          {!bare && <Button kind="quiet" icon="close" label="Close" keys="Esc" onClick={onClose} />}
        </header>
        <div className={styles.body}>{children}</div>
        {foot !== undefined && <footer className={styles.foot}>{foot}</footer>}
      </div>
    </dialog>
  );
}
