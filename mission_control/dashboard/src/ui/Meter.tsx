// A share of a hundred, as a bar.
import styles from "./Meter.module.css";

export function Meter({ name, percent }: { name: string; percent: number }) {
  const shown = Math.min(100, Math.max(0, percent));
  return (
    <div className={styles.meter}>
      <span>{name}</span>
      <span
        className={styles.bar}
        role="meter"
        aria-label={name}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(shown)}
        data-high={shown >= 90 || undefined}
      >
        <span style={{ width: `${shown}%` }} />
      </span>
      <span className={styles.number}>{Math.round(percent)} %</span>
    </div>
  );
}
