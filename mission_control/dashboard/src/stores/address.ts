// Which page, moment, selection and filter does an address name? The URL holds all of it, so that a
// link opens the same view later.
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";

export const VIEW_NAMES = [
  "now",
  "live",
  "tasks",
  "objectives",
  "incidents",
  "workers",
  "trace",
  "state",
  "trends",
  "sql",
  "parked",
] as const;
export type ViewName = (typeof VIEW_NAMES)[number];

export interface Address {
  readonly view: ViewName;
  /** What the page shows, such as a trace id; empty: its list. */
  readonly id: string;
  /** The position of the log that is shown; null: the end, live. */
  readonly at: number | null;
  /** The id of the event that is opened beside the page; empty: none. */
  readonly sel: string;
  /** The filter's text. */
  readonly q: string;
  /** What a page keeps of its own. */
  readonly more: Readonly<Record<string, string>>;
}

export const HOME: Address = { view: "now", id: "", at: null, sel: "", q: "", more: {} };
const OWN = new Set(["at", "sel", "q"]);
const ROOT = "/ui/";

function isViewName(text: string): text is ViewName {
  return (VIEW_NAMES as readonly string[]).includes(text);
}

/** A position is a whole number from 1; anything else is no moment. */
export function parsePosition(text: string | null): number | null {
  if (text === null || !/^[1-9][0-9]{0,14}$/.test(text)) return null;
  return Number(text);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What a path and its `?…` name. Never throws: what cannot be read is left out. */
export function parseAddress(pathname: string, search: string): Address {
  const rest = pathname.startsWith(ROOT) ? pathname.slice(ROOT.length) : "";
  const cut = rest.indexOf("/");
  const name = cut < 0 ? rest : rest.slice(0, cut);
  if (!isViewName(name)) return { ...HOME, at: parsePosition(new URLSearchParams(search).get("at")) };
  const given = new URLSearchParams(search);
  const more: Record<string, string> = {};
  for (const [key, value] of given) if (!OWN.has(key)) more[key] = value;
  return {
    view: name,
    id: cut < 0 ? "" : decode(rest.slice(cut + 1)),
    at: parsePosition(given.get("at")),
    sel: given.get("sel") ?? "",
    q: given.get("q") ?? "",
    more,
  };
}

/** The path and `?…` of an address; `parseAddress` reads the same out of it. */
export function formatAddress(address: Address): string {
  const search = new URLSearchParams();
  if (address.at !== null) search.set("at", String(address.at));
  if (address.sel) search.set("sel", address.sel);
  if (address.q) search.set("q", address.q);
  for (const key of Object.keys(address.more).sort()) {
    const value = address.more[key];
    if (value) search.set(key, value);
  }
  const id = address.id ? `/${encodeURIComponent(address.id)}` : "";
  const text = search.toString();
  return `${ROOT}${address.view}${id}${text ? `?${text}` : ""}`;
}

/** Where one is now. */
export const addressStore = createStore<Address>(() => HOME);

/** Begin with the browser's own address, and follow its back and forward. */
export function followBrowser(): () => void {
  const read = () =>
    addressStore.setState(parseAddress(location.pathname, location.search), true);
  read();
  addEventListener("popstate", read);
  return () => removeEventListener("popstate", read);
}

/** Change a part of the address. Another page begins with an empty filter and nothing of another
 * page's own; the moment stays. `replace`: no step for the browser's back. */
export function go(change: Partial<Address>, how: { replace?: boolean } = {}): void {
  const before = addressStore.getState();
  const target = addressAfter(before, change);
  const text = formatAddress(target);
  if (text === formatAddress(before)) return;
  history[how.replace ? "replaceState" : "pushState"](null, "", text);
  addressStore.setState(target, true);
}

/** The address that `go` leads to. */
export function addressAfter(before: Address, change: Partial<Address>): Address {
  const isElsewhere = change.view !== undefined && change.view !== before.view;
  const kept = isElsewhere ? { ...before, id: "", q: "", more: {}, sel: "" } : before;
  return { ...kept, ...change };
}

/** The address, or a part of it, in a component. */
export function useAddress(): Address;
export function useAddress<T>(pick: (address: Address) => T): T;
export function useAddress<T>(pick?: (address: Address) => T): T | Address {
  return useStore(addressStore, pick ?? ((address) => address as T));
}
