// What was just done, said for a few seconds at the foot of the page.
import { createStore } from "zustand/vanilla";

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: "plain" | "good" | "bad";
}

const SHOWN_MILLISECONDS = 5_000;
let last = 0;

export const toastStore = createStore<{ toasts: readonly Toast[] }>(() => ({ toasts: [] }));

export function toast(text: string, tone: Toast["tone"] = "plain"): void {
  last += 1;
  const mine = { id: last, text, tone };
  toastStore.setState(({ toasts }) => ({ toasts: [...toasts.slice(-2), mine] }));
  setTimeout(() => {
    toastStore.setState(({ toasts }) => ({ toasts: toasts.filter((each) => each !== mine) }));
  }, SHOWN_MILLISECONDS);
}
