// Where does each node of a graph stand? Ranks by the longest path, order by barycentres, and a
// place that a node keeps when others come.

export interface GraphEdges {
  /** Indexes of nodes: edge `i` leads from `from[i]` to `to[i]`. */
  readonly from: ArrayLike<number>;
  readonly to: ArrayLike<number>;
}

export interface Place {
  /** How many edges lie before it at most: the column. */
  readonly rank: number;
  /** Its line in the column; two of a column are at least 1 apart. May be a fraction. */
  readonly lane: number;
}

const SWEEPS = 9;

/**
 * A place for each node.
 *
 * A node of `known` that still has its rank stays exactly where it was, and others take the free
 * line that is nearest to their neighbours: nothing jumps while a graph grows. Edges that close a
 * circle, or lead to no node, count for nothing.
 */
export function layOutGraph(
  ids: readonly string[],
  edges: GraphEdges,
  known: ReadonlyMap<string, Place> = new Map(),
): Place[] {
  const count = ids.length;
  const before: number[][] = Array.from({ length: count }, () => []);
  const after: number[][] = Array.from({ length: count }, () => []);
  for (let edge = 0; edge < edges.from.length; edge++) {
    const from = edges.from[edge]!;
    const to = edges.to[edge]!;
    if (from === to || before[from] === undefined || before[to] === undefined) continue;
    before[to].push(from);
    after[from]!.push(to);
  }
  const rank = longestPaths(before, after);
  const columns: number[][] = [];
  for (let node = 0; node < count; node++) (columns[rank[node]!] ??= []).push(node);

  const kept = ids.map((id, node) => {
    const place = known.get(id);
    return place !== undefined && place.rank === rank[node] ? place.lane : undefined;
  });
  const lane = new Float64Array(count);
  if (kept.some((each) => each !== undefined)) {
    fillIn(columns, kept, lane, before, after);
  } else {
    order(columns, lane, before, after);
  }
  return ids.map((_, node) => ({ rank: rank[node]!, lane: lane[node]! }));
}

/** Kahn's way from the sources on. What is in a circle, or behind one, is let in by its index when
 * nothing else is left. */
function longestPaths(before: number[][], after: number[][]): Int32Array {
  const count = before.length;
  const rank = new Int32Array(count);
  const open = Int32Array.from(before, (each) => each.length);
  const done = new Uint8Array(count);
  const ready: number[] = [];
  for (let node = 0; node < count; node++) if (open[node] === 0) ready.push(node);
  let looked = 0;
  for (let taken = 0; taken < count; taken++) {
    while (taken === ready.length) {
      if (done[looked] === 0 && open[looked]! > 0) {
        open[looked] = 0;
        ready.push(looked);
      }
      looked++;
    }
    const node = ready[taken]!;
    done[node] = 1;
    for (const next of after[node]!) {
      if (done[next] === 1 || open[next] === 0) continue;
      rank[next] = Math.max(rank[next]!, rank[node]! + 1);
      open[next]!--;
      if (open[next] === 0) ready.push(next);
    }
  }
  return rank;
}

function mean(nodes: readonly number[], lane: Float64Array, otherwise: number): number {
  if (nodes.length === 0) return otherwise;
  let sum = 0;
  for (const node of nodes) sum += lane[node]!;
  return sum / nodes.length;
}

/** Columns in the order that their neighbours suggest, and each node as near to them as may be. */
function order(
  columns: number[][],
  lane: Float64Array,
  before: number[][],
  after: number[][],
): void {
  for (const column of columns) column.forEach((node, place) => (lane[node] = place));
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const forwards = sweep % 2 === 0;
    for (const column of forwards ? columns : [...columns].reverse()) {
      const neighbours = forwards ? before : after;
      const wish = new Map(column.map((node) => [node, mean(neighbours[node]!, lane, lane[node]!)]));
      column.sort((one, other) => wish.get(one)! - wish.get(other)! || lane[one]! - lane[other]!);
      column.forEach((node, place) => (lane[node] = place));
    }
  }
  for (const column of [...columns].reverse()) spread(column, lane, after);
  for (const column of columns) spread(column, lane, before);
  const top = lane.reduce((least, each) => Math.min(least, each), Infinity);
  for (let node = 0; node < lane.length; node++) lane[node]! -= top;
}

/** Moves the nodes of a column towards their neighbours, in their order and 1 apart: those that
 * would stand closer become one block, which stands at the mean of what its nodes wish. */
function spread(column: readonly number[], lane: Float64Array, neighbours: number[][]): void {
  const blocks: { sum: number; size: number }[] = [];
  column.forEach((node, place) => {
    let block = { sum: mean(neighbours[node]!, lane, lane[node]!) - place, size: 1 };
    for (let last = blocks.at(-1); last !== undefined; last = blocks.at(-1)) {
      if (last.sum / last.size <= block.sum / block.size) break;
      block = { sum: last.sum + block.sum, size: last.size + block.size };
      blocks.pop();
    }
    blocks.push(block);
  });
  let place = 0;
  for (const { sum, size } of blocks) {
    for (let each = 0; each < size; each++, place++) lane[column[place]!] = sum / size + place;
  }
}

/** New nodes to the free line nearest to their neighbours. */
function fillIn(
  columns: number[][],
  kept: readonly (number | undefined)[],
  lane: Float64Array,
  before: number[][],
  after: number[][],
): void {
  kept.forEach((place, node) => (lane[node] = place ?? 0));
  const placed = kept.map((each) => each !== undefined);
  for (const column of columns) {
    const taken = column.filter((node) => placed[node]).map((node) => lane[node]!);
    taken.sort((one, other) => one - other);
    for (const node of column) {
      if (placed[node]) continue;
      const near = [...before[node]!, ...after[node]!].filter((each) => placed[each]);
      const found = nearestFree(taken, mean(near, lane, taken.length > 0 ? taken.at(-1)! + 1 : 0));
      lane[node] = found.lane;
      placed[node] = true;
      taken.splice(found.at, 0, found.lane);
    }
  }
}

/** The line nearest to the wish that is 1 or more from each taken one, and where it belongs among
 * them. */
function nearestFree(taken: readonly number[], wish: number): { lane: number; at: number } {
  let best = { lane: Infinity, at: 0 };
  for (let at = 0; at <= taken.length; at++) {
    const low = Math.max(0, at === 0 ? 0 : taken[at - 1]! + 1);
    const high = at === taken.length ? Infinity : taken[at]! - 1;
    if (low > high) continue;
    const lane = Math.min(Math.max(wish, low), high);
    if (Math.abs(lane - wish) < Math.abs(best.lane - wish)) best = { lane, at };
  }
  return best;
}
