// What does the server know of the log's course? Null if it does not tell: the strip then shows what
// came since the page was opened.
import { api, take } from "../api/client";
import type { Timeline as TimelineAnswer } from "../api/schema";
import type { Mark, Stretch } from "./scale";

export interface FetchedTimeline {
  readonly stretches: readonly Stretch[];
  readonly marks: readonly Mark[];
  readonly asOf: number;
}

interface Asked {
  /** Milliseconds; null: where the record begins. */
  readonly begin: number | null;
  readonly buckets: number;
  readonly signal: AbortSignal;
}

export async function fetchTimeline(asked: Asked): Promise<FetchedTimeline | null> {
  const from = asked.begin === null ? {} : { from: new Date(asked.begin).toISOString() };
  const query = { buckets: asked.buckets, ...from };
  try {
    return timelineOf(await take(api.GET("/api/timeline", { params: { query }, signal: asked.signal })));
  } catch {
    return null; // it is asked again in a while
  }
}

function timelineOf(told: TimelineAnswer): FetchedTimeline {
  const begin = Date.parse(told.begin);
  const width = told.bucket_seconds * 1000;
  return {
    stretches: told.buckets.map((each) => ({
      begin: begin + each.bucket * width,
      end: begin + (each.bucket + 1) * width,
      first: each.first_position,
      last: each.last_position,
      events: each.events,
      decisions: each.decisions,
      failures: each.failures,
      cost: each.cost_usd,
    })),
    marks: told.marks.map((each) => ({
      kind: each.kind,
      position: each.position,
      time: Date.parse(each.recorded_at),
      text: each.text,
      isFailure: each.is_failure,
      eventId: each.event_id,
    })),
    asOf: told.as_of,
  };
}
