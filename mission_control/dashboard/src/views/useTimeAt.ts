// When was the position at the playhead recorded?
import { useStore } from "zustand";
import { useAt } from "../stores/playhead";
import { exactTime, knownTimeline, timelineStore } from "../timeline/timeline";

/** Milliseconds since 1970; null: the playhead is at the end; NaN: the timeline is not here yet. */
export function useTimeAt(): number | null {
  const at = useAt();
  useStore(timelineStore, (known) => known.fetched);
  return at === null ? null : exactTime(knownTimeline(), at);
}
