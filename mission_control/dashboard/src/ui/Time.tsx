// A moment, as `12 min ago` or as a clock; the other one is in its title.
import { useSyncExternalStore } from "react";
import { useStore } from "zustand";
import { shownTimeStore } from "../stores/playhead";
import { ago, clock, duration, moment } from "./format";

const TICK_MILLISECONDS = 1_000;
const listeners = new Set<() => void>();
let now = Date.now();
let timer = 0;

function tick(): void {
  if (document.hidden) return;
  now = Date.now();
  for (const each of listeners) each();
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === 0) {
    now = Date.now();
    timer = window.setInterval(tick, TICK_MILLISECONDS);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = 0;
    }
  };
}

/** The browser's clock, in milliseconds, once a second. */
export function useNow(): number {
  return useSyncExternalStore(listen, () => now);
}

/** The moment that is shown, live or not: what was two seconds before it was `2 s ago` then. */
function useMoment(): number {
  const now = useNow();
  const shown = useStore(shownTimeStore, (state) => state.time);
  return Number.isNaN(shown) ? now : shown;
}

function iso(time: number): string | undefined {
  return Number.isFinite(time) ? new Date(time).toISOString() : undefined;
}

/** `12 min ago`. */
export function Ago({ time }: { time: number }) {
  const current = useMoment();
  if (!Number.isFinite(time)) return <span>never</span>;
  return (
    <time dateTime={iso(time)} title={moment(time, current)}>
      {ago(time, current)}
    </time>
  );
}

/** `since 12 min`, counted on. */
export function Since({ time }: { time: number }) {
  const current = useMoment();
  if (!Number.isFinite(time)) return null;
  return (
    <time dateTime={iso(time)} title={moment(time, current)}>
      {duration(current - time)}
    </time>
  );
}

/** `14:03:27`. */
export function Clock({ time }: { time: number }) {
  if (!Number.isFinite(time)) return null;
  return (
    <time dateTime={iso(time)} title={new Date(time).toLocaleString()}>
      {clock(time)}
    </time>
  );
}
