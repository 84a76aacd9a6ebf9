import { expect, test } from "vitest";
import { columnsOf } from "./draw";
import { nextMark, positionAt, type Stretch, timeAt } from "./scale";

function stretch(begin: number, end: number, first: number, last: number): Stretch {
  return { begin, end, first, last, events: last - first + 1, decisions: 0, failures: 0, cost: 0 };
}

const STRETCHES = [stretch(0, 100, 1, 11), stretch(1000, 1100, 12, 12), stretch(1100, 1200, 13, 113)];

test("a position has a time, and a time the last position up to it", () => {
  expect([1, 6, 11].map((each) => timeAt(STRETCHES, each))).toEqual([0, 50, 100]);
  expect(timeAt(STRETCHES, 63)).toBe(1150);
  expect([0, 50, 100, 500, 999].map((each) => positionAt(STRETCHES, each))).toEqual([1, 6, 11, 11, 11]);
  expect(positionAt(STRETCHES, 1150)).toBe(63);
});

test("outside of what is known the nearest is meant; of nothing nothing", () => {
  expect([timeAt(STRETCHES, 9999), positionAt(STRETCHES, -5), positionAt(STRETCHES, 1e9)]).toEqual([1200, 1, 113]);
  expect([timeAt([], 1), positionAt([], 1)]).toEqual([Number.NaN, 0]);
});

test("there and back again is the same moment", () => {
  for (let position = 1; position <= 113; position += 1)
    if (position !== 12) expect(positionAt(STRETCHES, timeAt(STRETCHES, position))).toBe(position);
});

test("one goes from mark to mark", () => {
  const marks = [10, 20, 30].map((position) => ({ kind: "incident", position, time: 0, text: "", isFailure: true, eventId: "" }));
  expect(nextMark(marks, 20, 1)?.position).toBe(30);
  expect(nextMark(marks, 20, -1)?.position).toBe(10);
  expect(nextMark(marks, 30, 1)).toBeUndefined();
});

test("no event is lost in the picture, however wide it is", () => {
  const timeline = { begin: 0, end: 1200, stretches: STRETCHES, marks: [] };
  for (const width of [1, 7, 300, 5000]) {
    const drawn = columnsOf(timeline, width).reduce((sum, each) => sum + each.events, 0);
    expect(drawn).toBeCloseTo(113, 6);
  }
});
