// What does the strip know of the log? What the server has in stretches, and behind that what came
// live since.
import { useEffect, useMemo } from "react";
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import { addressStore } from "../stores/address";
import { liveStore, useLive } from "../stores/live";
import type { LiveEvent } from "../stores/liveEvent";
import { fetchTimeline, type FetchedTimeline } from "./fetchTimeline";
import { type Mark, type Stretch, timeAt, type Timeline } from "./scale";

export const RANGES = [
  { name: "15 min", milliseconds: 15 * 60_000 },
  { name: "1 h", milliseconds: 3_600_000 },
  { name: "6 h", milliseconds: 6 * 3_600_000 },
  { name: "24 h", milliseconds: 24 * 3_600_000 },
  { name: "All", milliseconds: Number.POSITIVE_INFINITY },
] as const;

const AGAIN_MILLISECONDS = 30_000;
const BUCKETS = 600;
const LIVE_STRETCH_MILLISECONDS = 1_000;
const MARKED: Readonly<Record<string, string>> = {
  incident_opened: "incident",
  incident_closed: "incident",
  objective_planned: "approval",
  objective_approved: "approval",
  halt_ordered: "halt",
  halt_lifted: "halt",
  system_mode_changed: "mode",
  process_exited: "process",
};

interface Known {
  /** How much of the log is shown, in milliseconds. */
  readonly range: number;
  readonly fetched: FetchedTimeline | null;
}

export const timelineStore = createStore<Known>(() => ({
  range: Number.POSITIVE_INFINITY,
  fetched: null,
}));

export function showRange(range: number): void {
  timelineStore.setState({ range });
}

/** Fetch it now and then, and when its range changes. */
export function useFetchedTimeline(): void {
  const range = useStore(timelineStore, (known) => known.range);
  useEffect(() => {
    const leaving = new AbortController();
    const fetchNow = async () => {
      if (document.hidden) return;
      const begin = Number.isFinite(range) ? Date.now() - range : null;
      const fetched = await fetchTimeline({ begin, buckets: BUCKETS, signal: leaving.signal });
      if (fetched !== null && !leaving.signal.aborted) timelineStore.setState({ fetched });
    };
    void fetchNow();
    const timer = setInterval(() => void fetchNow(), AGAIN_MILLISECONDS);
    return () => {
      leaving.abort();
      clearInterval(timer);
    };
  }, [range]);
}

/** What is known now, of the range that is shown. */
export function useTimeline(): Timeline {
  const fetched = useStore(timelineStore, (known) => known.fetched);
  const range = useStore(timelineStore, (known) => known.range);
  const events = useLive((live) => live.events);
  return useMemo(() => joined(fetched, events, range, Date.now()), [fetched, events, range]);
}

/** What the server told and what came since, cut to the range. Pure. */
export function joined(
  fetched: FetchedTimeline | null,
  events: readonly LiveEvent[],
  range: number,
  now: number,
): Timeline {
  const asOf = fetched?.asOf ?? 0;
  const fresh = events.filter((each) => each.sequence > asOf);
  const stretches = [...(fetched?.stretches ?? []), ...liveStretches(fresh)];
  const marks = [...(fetched?.marks ?? []), ...fresh.flatMap(markOf)];
  const end = Math.max(now, stretches.at(-1)?.end ?? 0);
  const begin = Number.isFinite(range) ? end - range : (stretches[0]?.begin ?? end - 60_000);
  return {
    begin: Math.min(begin, end - 10_000),
    end,
    stretches: stretches.filter((each) => each.end >= begin),
    marks: marks.filter((each) => each.time >= begin),
  };
}

function liveStretches(events: readonly LiveEvent[]): Stretch[] {
  const found: Stretch[] = [];
  for (const each of events) {
    const begin = Math.floor(each.time / LIVE_STRETCH_MILLISECONDS) * LIVE_STRETCH_MILLISECONDS;
    const last = found.at(-1);
    const more = {
      decisions: each.kind === "decision" ? 1 : 0,
      failures: each.isFailure ? 1 : 0,
    };
    if (last !== undefined && begin <= last.begin) {
      found[found.length - 1] = {
        ...last,
        last: each.sequence,
        events: last.events + 1,
        decisions: last.decisions + more.decisions,
        failures: last.failures + more.failures,
      };
    } else {
      const { sequence } = each;
      found.push({
        begin,
        end: begin + LIVE_STRETCH_MILLISECONDS,
        first: sequence,
        last: sequence,
        events: 1,
        cost: 0,
        ...more,
      });
    }
  }
  return found;
}

function markOf(event: LiveEvent): Mark[] {
  const kind = MARKED[event.kind];
  if (kind === undefined) return [];
  return [
    {
      kind,
      position: event.sequence,
      time: event.time,
      text: event.sentence,
      isFailure: event.isFailure,
      eventId: event.eventId,
    },
  ];
}

/** The time of a position, as exactly as it is known; NaN for null. */
export function useTimeAt(position: number | null): number {
  const timeline = useTimeline();
  return position === null ? Number.NaN : exactTime(timeline, position);
}

export function exactTime(timeline: Timeline, position: number): number {
  const { events } = liveStore.getState();
  const first = events[0]?.sequence ?? Number.POSITIVE_INFINITY;
  const known = position >= first ? events.find((each) => each.sequence >= position) : undefined;
  return known?.time ?? timeAt(timeline.stretches, position);
}

/** The stretches of all that is known, for what asks outside of a component. */
export function knownTimeline(): Timeline {
  const { fetched, range } = timelineStore.getState();
  return joined(fetched, liveStore.getState().events, range, Date.now());
}

// A link to a moment that is older than the range needs all of it.
addressStore.subscribe(({ at }) => {
  const { range, fetched } = timelineStore.getState();
  const first = fetched?.stretches[0]?.first;
  if (at !== null && first !== undefined && at < first && Number.isFinite(range))
    showRange(Number.POSITIVE_INFINITY);
});
