import { describe, expect, it } from "vitest";
import { layOutGraph, type Place } from "./graph-layout";

function graph(...edges: [number, number][]) {
  return { from: edges.map(([from]) => from), to: edges.map(([, to]) => to) };
}

function names(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `n${at}`);
}

/** No two of a column closer than 1. */
function apart(places: readonly Place[]): boolean {
  return places.every((one, at) =>
    places.every((other, also) => at === also || one.rank !== other.rank || Math.abs(one.lane - other.lane) > 0.999),
  );
}

describe("a graph", () => {
  it("has each node behind all that lead to it", () => {
    const places = layOutGraph(names(4), graph([0, 1], [1, 2], [0, 2], [2, 3]));
    expect(places.map((each) => each.rank)).toEqual([0, 1, 2, 3]);
  });

  it("draws a chain as a straight line", () => {
    const places = layOutGraph(names(5), graph([0, 1], [1, 2], [2, 3], [3, 4]));
    expect(new Set(places.map((each) => each.lane)).size).toBe(1);
  });

  it("puts a parent at the middle of its children, without crossings", () => {
    const places = layOutGraph(names(7), graph([0, 2], [0, 1], [1, 6], [2, 5], [2, 4], [1, 3]));
    expect(apart(places)).toBe(true);
    expect(places[0]!.lane).toBeCloseTo((places[1]!.lane + places[2]!.lane) / 2);
    const side = (node: number) => Math.sign(places[node]!.lane - places[0]!.lane);
    expect(side(6)).toBe(side(1));
    expect(side(3)).toBe(side(1));
    expect(side(4)).toBe(side(2));
    expect(side(5)).toBe(side(2));
  });

  it("counts circles and edges to nowhere for nothing, and shows every node", () => {
    const places = layOutGraph(names(5), graph([0, 1], [1, 2], [2, 0], [3, 3], [4, 99], [-1, 4]));
    expect(places).toHaveLength(5);
    expect(places.every((each) => Number.isFinite(each.lane) && each.rank >= 0)).toBe(true);
    expect(apart(places)).toBe(true);
  });

  it("moves nothing when a node comes", () => {
    const before = layOutGraph(names(6), graph([0, 1], [0, 2], [1, 3], [2, 4], [2, 5]));
    const known = new Map(names(6).map((id, at) => [id, before[at]!]));
    const after = layOutGraph(names(8), graph([0, 1], [0, 2], [1, 3], [2, 4], [2, 5], [1, 6], [6, 7]), known);
    expect(after.slice(0, 6)).toEqual(before);
    expect(apart(after)).toBe(true);
    expect(Math.abs(after[7]!.lane - after[6]!.lane)).toBeLessThan(1);
  });

  it("moves a node only if its column is another one", () => {
    const before = layOutGraph(names(3), graph([0, 1]));
    const known = new Map(names(3).map((id, at) => [id, before[at]!]));
    const after = layOutGraph(names(3), graph([0, 1], [1, 2]), known);
    expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
    expect(after[2]!.rank).toBe(2);
  });

  it("of nothing is nothing", () => {
    expect(layOutGraph([], graph())).toEqual([]);
  });
});
