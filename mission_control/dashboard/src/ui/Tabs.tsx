// A few ways to show the same, of which one is chosen.
import styles from "./Tabs.module.css";

export interface TabsProps {
  readonly label: string;
  readonly value: string;
  readonly tabs: Readonly<Record<string, string>>;
  readonly onChange: (value: string) => void;
}

export function Tabs({ label, value, tabs, onChange }: TabsProps) {
  return (
    <div className={styles.tabs} role="group" aria-label={label}>
      {Object.entries(tabs).map(([name, title]) => (
        <button key={name} type="button" aria-pressed={name === value} onClick={() => onChange(name)}>
          {title}
        </button>
      ))}
    </div>
  );
}
