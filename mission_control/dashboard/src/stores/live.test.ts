import { expect, test } from "vitest";
import { after, type Live, MAX_KEPT } from "./live";
import { type LiveEvent, liveEventOf, readLiveEvent } from "./liveEvent";

function event(sequence: number): LiveEvent {
  return liveEventOf({ sequence, recorded_at: "2026-11-30T12:00:00Z", payload_kind: "decision" });
}

const NOTHING: Live = { connection: "open", events: [], end: 0, endTime: Number.NaN, received: 0, missed: null };

test("what comes is kept in its order, and what came before is not kept twice", () => {
  const once = after(NOTHING, [event(3), event(4)]);
  const twice = after(once, [event(3), event(4), event(5)]);
  expect(twice.events.map((each) => each.sequence)).toEqual([3, 4, 5]);
  expect([twice.received, twice.end]).toEqual([3, 5]);
  expect(after(twice, [event(5)])).toBe(twice);
});

test("only the last are kept, and all are counted", () => {
  const many = Array.from({ length: MAX_KEPT + 10 }, (_, at) => event(at + 1));
  const kept = after(NOTHING, many);
  expect(kept.events).toHaveLength(MAX_KEPT);
  expect(kept.events[0]?.sequence).toBe(11);
  expect(kept.received).toBe(MAX_KEPT + 10);
});

test("a position that holds no event is one that failed, and what is no JSON is none", () => {
  const told = { sequence: 7, recorded_at: "2026-11-30T12:00:00Z", payload_kind: null, unreadable: "no event" };
  expect(readLiveEvent(JSON.stringify(told))).toMatchObject({ kind: "unreadable", sentence: "no event", isFailure: true });
  expect(readLiveEvent("{")).toBeNull();
});
