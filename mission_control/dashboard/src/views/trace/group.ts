// Which kinds of steps does a trace have, and which led to which? Items of the same name and source
// that stand below the same kind of step are one node, so a trace of thousands has a graph of dozens.
import type { Trace } from "./trace";

export interface Group {
  readonly id: string;
  readonly name: string;
  readonly source: string;
  readonly kind: "span" | "event";
  /** The group above; below 0: none. */
  readonly parent: number;
  /** The first of its items, which stands for it. */
  readonly first: number;
  count: number;
  failures: number;
  /** Milliseconds of all of them. */
  duration: number;
  cost: number;
  onPath: boolean;
}

export const MAX_GROUPS = 400;

export function groupsOf(trace: Trace): { groups: readonly Group[]; leftOut: number } {
  const groups: Group[] = [];
  const byKey = new Map<string, number>();
  const groupOf = new Int32Array(trace.layout.count).fill(-1);
  let leftOut = 0;
  for (const item of trace.layout.order) {
    const above = trace.layout.parent[item]!;
    const parent = above < 0 ? -1 : groupOf[above]!;
    if (above >= 0 && parent < 0) {
      leftOut += 1; // below one that has no room
      continue;
    }
    const told = trace.items[item]!;
    const key = JSON.stringify([parent, told.kind, told.source, told.name]);
    let at = byKey.get(key);
    if (at === undefined) {
      if (groups.length === MAX_GROUPS) {
        leftOut += 1;
        continue;
      }
      at = groups.length;
      byKey.set(key, at);
      groups.push({
        id: key,
        name: told.name,
        source: told.source,
        kind: told.kind,
        parent,
        first: item,
        count: 0,
        failures: 0,
        duration: 0,
        cost: 0,
        onPath: false,
      });
    }
    groupOf[item] = at;
    const group = groups[at]!;
    group.count += 1;
    group.failures += told.isFailure ? 1 : 0;
    group.duration += Math.max(0, told.duration);
    group.cost += told.cost ?? 0;
    group.onPath ||= trace.path.on[item] === 1;
  }
  return { groups, leftOut };
}
