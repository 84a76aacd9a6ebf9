// What comes onto the log now? One connection for the whole page; the last events are kept, within
// bounds, and handed on once a frame.
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import { noteProblem } from "../api/session";
import { api, take } from "../api/client";
import { ApiProblem } from "../api/problem";
import { type LiveEvent, readLiveEvent } from "./liveEvent";

export const MAX_KEPT = 5_000;
/** So many of the last are asked for when one comes. */
export const BACKLOG = 400;
/** A tab that was away for longer does not ask for all that it missed. */
const MAX_CATCH_UP = 4_000;
const HIDDEN_MILLISECONDS = 5_000;
const AGAIN_MILLISECONDS = 2_000;

export interface Missed {
  readonly first: number;
  readonly last: number;
}

export interface Live {
  readonly connection: "connecting" | "open" | "away";
  /** The oldest first. A new array whenever something came. */
  readonly events: readonly LiveEvent[];
  /** The last position that is known. */
  readonly end: number;
  /** When that one was recorded, in milliseconds; NaN if no event is known. */
  readonly endTime: number;
  /** So many came since the page was opened, those that are no longer kept included. */
  readonly received: number;
  readonly missed: Missed | null;
}

const NOTHING: Live = {
  connection: "connecting",
  events: [],
  end: 0,
  endTime: Number.NaN,
  received: 0,
  missed: null,
};

export const liveStore = createStore<Live>(() => NOTHING);

export function useLive<T>(pick: (live: Live) => T): T {
  return useStore(liveStore, pick);
}

let source: EventSource | null = null;
let arrived: LiveEvent[] = [];
let frame = 0;

/** Listen until the function that is returned is called. */
export function followLive(): () => void {
  let hiding = 0;
  const look = () => {
    clearTimeout(hiding);
    if (document.hidden) {
      hiding = window.setTimeout(disconnect, HIDDEN_MILLISECONDS);
    } else if (source === null) {
      void connect();
    }
  };
  document.addEventListener("visibilitychange", look);
  void connect();
  return () => {
    document.removeEventListener("visibilitychange", look);
    clearTimeout(hiding);
    disconnect();
  };
}

function disconnect(): void {
  source?.close();
  source = null;
  liveStore.setState({ connection: "away" });
}

let asking = false;

async function connect(): Promise<void> {
  if (asking || source !== null) return;
  asking = true;
  try {
    const { as_of: end } = await take(api.GET("/health"));
    const known = liveStore.getState().end;
    if (known > end) liveStore.setState({ ...NOTHING, end }); // another log, or one cut off
    const isNear = known > 0 && known <= end && end - known <= MAX_CATCH_UP;
    if (!isNear && known > 0 && known <= end)
      liveStore.setState({ events: [], missed: { first: known + 1, last: end - BACKLOG } });
    open(isNear ? known : Math.max(0, end - BACKLOG), end);
  } catch (error) {
    noteProblem(error);
    liveStore.setState({ connection: "away" });
    if (!(error instanceof ApiProblem && error.isClosed)) later();
  } finally {
    asking = false;
  }
}

function later(): void {
  setTimeout(() => {
    if (!document.hidden) void connect();
  }, AGAIN_MILLISECONDS);
}

function open(after: number, end: number): void {
  if (liveStore.getState().end < end) liveStore.setState({ end });
  const opened = new EventSource(`/api/live?after=${after}`);
  source = opened;
  opened.onopen = () => liveStore.setState({ connection: "open" });
  opened.addEventListener("event", (message: MessageEvent<string>) => {
    const event = readLiveEvent(message.data);
    if (event !== null) takeIn(event);
  });
  opened.addEventListener("missed", (message: MessageEvent<string>) => {
    liveStore.setState({ missed: JSON.parse(message.data) as Missed });
  });
  opened.onerror = () => {
    if (source !== opened) return;
    // The browser's own next try would go on from here, but does not say why this one ended.
    opened.close();
    source = null;
    liveStore.setState({ connection: "connecting" });
    later();
  };
}

function takeIn(event: LiveEvent): void {
  arrived.push(event);
  if (frame !== 0) return;
  // No frames come while the tab is hidden.
  frame = document.hidden ? window.setTimeout(handOn, 250) : requestAnimationFrame(handOn);
}

function handOn(): void {
  frame = 0;
  const came = arrived;
  arrived = [];
  liveStore.setState((before) => after(before, came));
}

/** What is kept when these have come. Pure. */
export function after(before: Live, came: readonly LiveEvent[]): Live {
  const fresh = came.filter((each) => each.sequence > (before.events.at(-1)?.sequence ?? 0));
  const last = fresh.at(-1);
  if (last === undefined) return before;
  const all = [...before.events, ...fresh];
  return {
    ...before,
    events: all.length > MAX_KEPT ? all.slice(all.length - MAX_KEPT) : all,
    end: Math.max(before.end, last.sequence),
    endTime: last.time,
    received: before.received + fresh.length,
  };
}
