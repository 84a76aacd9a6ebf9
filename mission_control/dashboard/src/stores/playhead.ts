// Which moment does every page show? The end of the log, live, or a position that somebody dragged
// to, jumped to or plays from. The address holds it.
import { createStore } from "zustand/vanilla";
import { addressStore, go, useAddress } from "./address";
import { liveStore } from "./live";

/** When the position that is shown was recorded, in milliseconds, as soon as that is known; NaN while
 * live. The bar keeps it. */
export const shownTimeStore = createStore<{ time: number }>(() => ({ time: Number.NaN }));

/** The position; null while live. */
export function useAt(): number | null {
  return useAddress((address) => address.at);
}

export function at(): number | null {
  return addressStore.getState().at;
}

/** Show this position from now on; at the end of the log, or behind it, live. */
export function showPosition(position: number): void {
  const { end } = liveStore.getState();
  const wanted = Math.max(1, Math.round(position));
  go({ at: end > 0 && wanted >= end ? null : wanted }, { replace: true });
}

export function backToLive(): void {
  go({ at: null }, { replace: true });
}

/** The position that is shown, live or not. */
export function shownPosition(): number {
  return at() ?? liveStore.getState().end;
}
