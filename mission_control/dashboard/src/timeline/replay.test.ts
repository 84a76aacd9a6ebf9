import { expect, test } from "vitest";
import { MAX_IDLE_MILLISECONDS, positionInReel, reelOf, timeInReel } from "./replay";
import type { Stretch } from "./scale";

function stretch(begin: number, end: number, first: number, last: number): Stretch {
  return { begin, end, first, last, events: last - first + 1, decisions: 0, failures: 0, cost: 0 };
}

const HOUR = 3_600_000;

test("a night in which nothing happened is squeezed", () => {
  const reel = reelOf([stretch(0, 1000, 1, 10), stretch(8 * HOUR, 8 * HOUR + 1000, 11, 20)]);
  expect(reel.length).toBe(1000 + MAX_IDLE_MILLISECONDS + 1000);
});

test("so is a long stretch with a few events", () => {
  expect(reelOf([stretch(0, HOUR, 1, 2)]).length).toBe(2 * MAX_IDLE_MILLISECONDS);
  expect(reelOf([stretch(0, 1000, 1, 500)]).length).toBe(1000);
});

test("a replay passes every position in its order, and goes on from where one is", () => {
  const reel = reelOf([stretch(0, 1000, 1, 10), stretch(5000, 6000, 11, 30)]);
  let before = 0;
  for (let time = 0; time <= reel.length; time += 10) {
    const position = positionInReel(reel, time);
    expect(position).toBeGreaterThanOrEqual(before);
    before = position;
  }
  expect(before).toBe(30);
  for (const position of [1, 5, 10, 11, 29, 30])
    expect(positionInReel(reel, timeInReel(reel, position) + 0.001)).toBe(position);
});

test("of nothing there is nothing to play", () => {
  expect(reelOf([])).toEqual({ parts: [], length: 0 });
  expect(positionInReel(reelOf([]), 5)).toBe(0);
});
