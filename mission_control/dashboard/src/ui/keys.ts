// Which keys do something now, and what? One place listens; components say what theirs are.
import { useEffect, useRef } from "react";
import { createStore } from "zustand/vanilla";

export interface KeyBinding {
  /** One or more strokes, `g n`; a stroke is `KeyboardEvent.key`, with `Mod+`, `Shift+`, `Alt+`
   * before it. Shift counts for named keys only: `?` is `?` on every keyboard. */
  readonly keys: string;
  /** What it does, for `?` and the palette. */
  readonly label: string;
  readonly run: () => void;
  /** Under which heading `?` shows it. */
  readonly group?: string;
  /** Also while somebody types. */
  readonly whileTyping?: boolean;
}

interface Bound {
  readonly bindings: readonly KeyBinding[];
}

/** All that are bound, the last bound last: it goes first. */
export const keyStore = createStore<{ bound: readonly Bound[] }>(() => ({ bound: [] }));

const SEQUENCE_MILLISECONDS = 1200;

/** What was pressed, as bindings call it; empty for a modifier alone. */
export function strokeOf(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">): string {
  if (["Shift", "Control", "Alt", "Meta", "AltGraph"].includes(event.key)) return "";
  const isNamed = event.key.length > 1 || event.key === " ";
  const name = event.key === " " ? "Space" : event.key;
  return [
    event.ctrlKey || event.metaKey ? "Mod+" : "",
    event.altKey ? "Alt+" : "",
    isNamed && event.shiftKey ? "Shift+" : "",
    isNamed ? name : event.ctrlKey || event.metaKey ? name.toLowerCase() : name,
  ].join("");
}

/** The binding that these strokes complete, the last bound first; "more" if they begin one. */
export function match(bound: readonly Bound[], strokes: string, isTyping: boolean): KeyBinding | "more" | null {
  let begins = false;
  for (let at = bound.length - 1; at >= 0; at -= 1) {
    for (const each of bound[at]?.bindings ?? []) {
      if (isTyping && !each.whileTyping) continue;
      if (each.keys === strokes) return each;
      begins ||= each.keys.startsWith(`${strokes} `);
    }
  }
  return begins ? "more" : null;
}

function isTypingIn(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target instanceof HTMLTextAreaElement ||
      target instanceof HTMLSelectElement ||
      (target instanceof HTMLInputElement && !["checkbox", "radio", "button", "range"].includes(target.type)))
  );
}

/** Space and Enter on a button are the button's. */
function isOfControl(event: KeyboardEvent): boolean {
  return (
    (event.key === " " || event.key === "Enter") &&
    event.target instanceof HTMLElement &&
    event.target.closest("button, a[href], summary, input, select, [role=slider], [role=option]") !== null
  );
}

/** Listen. Returns what ends it. */
export function listenForKeys(): () => void {
  let strokes = "";
  let last = 0;
  const hear = (event: KeyboardEvent) => {
    const stroke = strokeOf(event);
    if (!stroke || event.defaultPrevented || event.isComposing || isOfControl(event)) return;
    const isFresh = event.timeStamp - last > SEQUENCE_MILLISECONDS;
    last = event.timeStamp;
    const isTyping = isTypingIn(event.target);
    const { bound } = keyStore.getState();
    // A dialog that is open has the keys to itself.
    const heard = document.querySelector("dialog:modal") ? bound.filter(isOfDialog) : bound;
    for (const tried of strokes && !isFresh ? [`${strokes} ${stroke}`, stroke] : [stroke]) {
      const found = match(heard, tried, isTyping);
      if (found === null) continue;
      strokes = found === "more" ? tried : "";
      event.preventDefault();
      if (found !== "more") found.run();
      return;
    }
    strokes = "";
  };
  addEventListener("keydown", hear);
  return () => removeEventListener("keydown", hear);
}

function isOfDialog(each: Bound): boolean {
  return each.bindings.some((binding) => binding.group === "In this dialog");
}

/** While the component is there these keys do something. */
export function useKeys(bindings: readonly KeyBinding[]): void {
  const latest = useRef(bindings);
  latest.current = bindings;
  const names = bindings.map((each) => `${each.keys}\n${each.label}`).join("\n\n");
  useEffect(() => {
    const mine: Bound = {
      bindings: latest.current.map((each, index) => ({
        ...each,
        run: () => latest.current[index]?.run(),
      })),
    };
    keyStore.setState(({ bound }) => ({ bound: [...bound, mine] }));
    return () => keyStore.setState(({ bound }) => ({ bound: bound.filter((each) => each !== mine) }));
  }, [names]);
}
