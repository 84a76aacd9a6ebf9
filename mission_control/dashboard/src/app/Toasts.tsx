// What was just done.
import { useStore } from "zustand";
import { toastStore } from "../ui/toasts";
import styles from "./Toasts.module.css";

export function Toasts() {
  const toasts = useStore(toastStore, (state) => state.toasts);
  return (
    <div className={styles.toasts} role="status" aria-live="polite">
      {toasts.map((each) => (
        <p key={each.id} className={`${styles.toast} ${styles[each.tone]}`}>
          {each.text}
        </p>
      ))}
    </div>
  );
}
