import { describe, expect, it } from "vitest";
import { criticalPath, layOutTrace, minimap, type SpanTable, visibleRows } from "./trace-layout";

/** Spans as [start, duration, parent, cost]. */
function table(...spans: [number, number, number, number?][]): SpanTable {
  return {
    start: Float64Array.from(spans, ([start]) => start),
    duration: Float64Array.from(spans, ([, duration]) => duration),
    parent: Int32Array.from(spans, ([, , parent]) => parent),
    cost: Float64Array.from(spans, ([, , , cost]) => cost ?? 0),
  };
}

describe("a waterfall", () => {
  it("has each parent above its children, and siblings by their start", () => {
    const layout = layOutTrace(
      table([0, 100, -1], [50, 10, 0], [10, 30, 0, 2], [12, 5, 2, 1], [200, 0, -1]),
    );
    expect([...layout.order]).toEqual([0, 2, 3, 1, 4]);
    expect([...layout.depth]).toEqual([0, 1, 1, 2, 0]);
    expect([...layout.size]).toEqual([4, 1, 2, 1, 1]);
    expect([...layout.subtreeCost]).toEqual([3, 0, 3, 1, 0]);
    expect([layout.begin, layout.end]).toEqual([0, 200]);
  });

  it("folds a subtree away, and shows one alone", () => {
    const layout = layOutTrace(table([0, 9, -1], [1, 5, 0], [2, 1, 1], [3, 1, 1], [7, 1, 0]));
    expect([...visibleRows(layout, new Set())]).toEqual([0, 1, 2, 3, 4]);
    expect([...visibleRows(layout, new Set([1]))]).toEqual([0, 1, 4]);
    expect([...visibleRows(layout, new Set([0]))]).toEqual([0]);
    expect([...visibleRows(layout, new Set([2]), 1)]).toEqual([1, 2, 3]);
  });

  it("shows each span once whatever the parents say", () => {
    const layout = layOutTrace(
      table([0, 1, 1], [1, 1, 2], [2, 1, 0], [3, 1, 3], [4, 1, 99], [5, 1, -7], [6, 1, 0]),
    );
    expect([...layout.order].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect([...layout.parent].filter((each) => each < 0).length).toBe(4);
    expect(layout.size[layout.order[0]!]).toBeGreaterThan(1);
  });

  it("of nothing is nothing", () => {
    const layout = layOutTrace(table());
    expect([layout.count, layout.begin, layout.end]).toEqual([0, 0, 0]);
    expect(criticalPath(table(), layout).span.length).toBe(0);
    expect(visibleRows(layout, new Set()).length).toBe(0);
  });

  it("takes a chain that is deeper than functions may call", () => {
    const count = 60_000;
    const chain = table(...Array.from({ length: count }, (_, at): [number, number, number] => [at, count - at, at - 1]));
    const layout = layOutTrace(chain);
    expect(layout.depth[count - 1]).toBe(count - 1);
    expect(criticalPath(chain, layout).on.every((each) => each === 1)).toBe(true);
  });
});

describe("the critical path", () => {
  function path(spans: SpanTable): [number, number, number][] {
    const found = criticalPath(spans, layOutTrace(spans));
    return [...found.span].map((span, at) => [span, found.from[at]!, found.to[at]!]);
  }

  it("goes through whatever ended last", () => {
    const spans = table([0, 100, -1], [10, 20, 0], [40, 50, 0], [45, 10, 0]);
    expect(path(spans)).toEqual([[0, 90, 100], [2, 40, 90], [0, 30, 40], [1, 10, 30], [0, 0, 10]]);
    const found = criticalPath(spans, layOutTrace(spans));
    expect([...found.on]).toEqual([1, 1, 1, 0]);
    expect([...found.share]).toEqual([30, 20, 50, 0]);
  });

  it("follows effects that begin when their cause is over, and leaves the time between out", () => {
    const spans = table([0, 10, -1], [30, 10, 0], [50, 5, 1]);
    expect(path(spans)).toEqual([[2, 50, 55], [1, 30, 40], [0, 0, 10]]);
  });

  it("names events, which have no length", () => {
    const spans = table([0, 0, -1], [5, 0, 0], [3, 0, 0]);
    const found = criticalPath(spans, layOutTrace(spans));
    expect([...found.on]).toEqual([1, 1, 0]);
  });

  it("takes no more time than there was, whatever the clocks say", () => {
    const spans = table([10, 50, -1], [0, 100, 0], [20, -5, 0], [55, 30, 0], [55, 30, 3]);
    const layout = layOutTrace(spans);
    const found = criticalPath(spans, layout);
    const sum = found.share.reduce((all, each) => all + each, 0);
    expect(sum).toBeLessThanOrEqual(layout.end - layout.begin);
    for (let at = 0; at < found.span.length; at++) expect(found.to[at]!).toBeGreaterThanOrEqual(found.from[at]!);
  });

  it("of several roots goes from the last to the first", () => {
    expect(path(table([0, 10, -1], [2, 3, -1], [20, 5, -1]))).toEqual([[2, 20, 25], [0, 0, 10]]);
  });
});

describe("the picture in small", () => {
  it("counts what stands in each cell", () => {
    const spans = table([0, 100, -1], [50, 50, 0], [75, 0, 0]);
    const layout = layOutTrace(spans);
    const rows = visibleRows(layout, new Set());
    const cells = minimap(spans, layout, rows, { width: 4, height: 3 });
    expect([...cells]).toEqual([1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 1]);
    const flat = minimap(spans, layout, rows, { width: 4, height: 1 });
    expect([...flat]).toEqual([1, 1, 2, 3]);
  });
});
