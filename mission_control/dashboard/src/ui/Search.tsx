// A text to filter by. Escape empties it, and then leaves it.
import type { RefObject } from "react";
import styles from "./Search.module.css";

export interface SearchProps {
  readonly value: string;
  readonly label: string;
  readonly onChange: (text: string) => void;
  readonly inputRef?: RefObject<HTMLInputElement | null>;
}

export function Search({ value, label, onChange, inputRef }: SearchProps) {
  return (
    <input
      ref={inputRef}
      className={styles.search}
      type="search"
      value={value}
      placeholder={`${label} (/)`}
      aria-label={label}
      onChange={(event) => onChange(event.target.value)}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        if (value) onChange("");
        else event.currentTarget.blur();
      }}
    />
  );
}
