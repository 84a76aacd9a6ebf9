// A button; `kind` says how much it wants to be pressed.
import type { ButtonHTMLAttributes, ReactNode } from "react";
import styles from "./Button.module.css";
import { Icon, type IconName } from "./Icon";

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly kind?: "plain" | "main" | "quiet" | "danger";
  readonly icon?: IconName;
  /** What it is called where only its picture shows. */
  readonly label?: string;
  readonly keys?: string;
  readonly children?: ReactNode;
}

export function Button({ kind = "plain", icon, label, keys, children, className, ...rest }: ButtonProps) {
  const alone = children === undefined ? styles.alone : "";
  return (
    <button
      type="button"
      {...rest}
      className={`${styles.button} ${styles[kind]} ${alone} ${className ?? ""}`}
      aria-label={label}
      title={rest.title ?? (keys ? `${label ?? ""} (${keys})`.trim() : label)}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}
