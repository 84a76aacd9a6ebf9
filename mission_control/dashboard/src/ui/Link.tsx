// A link to another page or moment of the dashboard: it opens in place, and in a new tab as any link.
import type { MouseEvent, ReactNode } from "react";
import { type Address, addressAfter, formatAddress, go, useAddress } from "../stores/address";

export interface LinkProps {
  /** What changes; the moment stays unless it is named. */
  readonly to: Partial<Address>;
  readonly children: ReactNode;
  readonly className?: string | undefined;
  readonly title?: string;
  readonly current?: boolean;
  readonly label?: string;
}

export function Link({ to, children, className, title, current, label }: LinkProps) {
  const here = useAddress();
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a
      href={formatAddress(addressAfter(here, to))}
      onClick={follow}
      className={className}
      title={title}
      aria-label={label}
      aria-current={current ? "page" : undefined}
    >
      {children}
    </a>
  );
}
