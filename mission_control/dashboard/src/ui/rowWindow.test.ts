import { expect, test } from "vitest";
import { MAX_PIXELS, rowWindow, scrollTopFor } from "./rowWindow";

const SHORT = { count: 100, rowHeight: 20, viewHeight: 200, more: 0 };
const LONG = { count: 5_000_000, rowHeight: 20, viewHeight: 200, more: 0 };

test("the rows on screen are there, each at its place", () => {
  expect(rowWindow(SHORT, 0)).toEqual({ first: 0, end: 10, top: 0, height: 2000 });
  expect(rowWindow(SHORT, 50)).toEqual({ first: 2, end: 13, top: 40, height: 2000 });
  expect(rowWindow(SHORT, 99_999)).toMatchObject({ first: 90, end: 100 });
  expect(rowWindow({ ...SHORT, count: 0 }, 0)).toMatchObject({ first: 0, end: 0, height: 0 });
});

test("a list that is higher than a browser can draw is reached whole, row by row", () => {
  expect(rowWindow(LONG, 0)).toMatchObject({ first: 0, height: MAX_PIXELS });
  const bottom = MAX_PIXELS - LONG.viewHeight;
  expect(rowWindow(LONG, bottom)).toMatchObject({ end: LONG.count });
  for (const row of [0, 1, 777_777, 4_999_999]) {
    const scrolled = scrollTopFor(LONG, 0, row);
    const shown = rowWindow(LONG, scrolled);
    expect(shown.first).toBeLessThanOrEqual(row);
    expect(shown.end).toBeGreaterThan(row);
    // What is shown of the row is inside of what is seen.
    const top = shown.top + (row - shown.first) * LONG.rowHeight;
    expect(top).toBeGreaterThan(scrolled - 1);
    expect(top + LONG.rowHeight).toBeLessThan(scrolled + LONG.viewHeight + 1);
  }
});

test("a row that is seen is not scrolled to", () => {
  expect(scrollTopFor(SHORT, 50, 5)).toBe(50);
  expect(scrollTopFor(SHORT, 50, 1)).toBe(20);
  expect(scrollTopFor(SHORT, 50, 20)).toBe(220);
});
