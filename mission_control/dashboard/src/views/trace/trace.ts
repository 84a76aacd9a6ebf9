// What is in one trace? The server's flat list, made into columns once; pages read it by index.
import { criticalPath, type CriticalPath, layOutTrace, type SpanTable, type TraceLayout } from "../../engine/trace-layout";

/** One line of `GET /api/traces/{trace_id}`. */
export interface TraceItem {
  readonly kind: "span" | "event";
  /** The index of the item it belongs below; -1: none. */
  readonly parent: number;
  readonly name: string;
  readonly source: string;
  readonly agent_id: string;
  readonly start_ms: number;
  readonly duration_ms: number;
  readonly is_failure: boolean;
  readonly cost_usd: number | null;
  readonly span_id: string;
  readonly event_id: string | null;
  readonly sequence: number | null;
  readonly text: string;
}

export interface TraceAnswer {
  readonly trace_id: string;
  readonly jaeger_url: string | null;
  /** Whether more belongs to it than is told. */
  readonly cut: boolean;
  readonly items: readonly TraceItem[];
  readonly as_of: number;
}

export interface Trace {
  readonly id: string;
  readonly items: readonly TraceItem[];
  readonly spans: SpanTable;
  readonly layout: TraceLayout;
  readonly path: CriticalPath;
  /** By item: the events that stand directly below it. */
  readonly events: readonly (readonly number[] | undefined)[];
  readonly jaegerUrl: string | null;
  readonly cut: boolean;
  readonly totals: Totals;
}

export interface Totals {
  readonly spans: number;
  readonly events: number;
  readonly failures: number;
  readonly cost: number;
  readonly hasCost: boolean;
  /** Milliseconds, from the first to the last. */
  readonly duration: number;
  readonly sources: readonly string[];
}

export function traceOf(answer: TraceAnswer): Trace {
  const { items } = answer;
  const count = items.length;
  const spans = {
    start: new Float64Array(count),
    duration: new Float64Array(count),
    parent: new Int32Array(count),
    cost: new Float64Array(count),
  };
  const events: number[][] = [];
  const sources = new Map<string, number>();
  let [failures, eventCount, cost, hasCost] = [0, 0, 0, false];
  items.forEach((item, index) => {
    spans.start[index] = item.start_ms;
    spans.duration[index] = item.duration_ms;
    spans.parent[index] = item.parent;
    spans.cost[index] = item.cost_usd ?? 0;
    cost += item.cost_usd ?? 0;
    hasCost ||= item.cost_usd !== null;
    if (item.is_failure) failures += 1;
    if (item.kind === "event") {
      eventCount += 1;
      if (item.parent >= 0) (events[item.parent] ??= []).push(index);
    }
    sources.set(item.source, (sources.get(item.source) ?? 0) + 1);
  });
  const layout = layOutTrace(spans);
  return {
    id: answer.trace_id,
    items,
    spans,
    layout,
    path: criticalPath(spans, layout),
    events,
    jaegerUrl: pageOf(answer.jaeger_url),
    cut: answer.cut,
    totals: {
      spans: count - eventCount,
      events: eventCount,
      failures,
      cost,
      hasCost,
      duration: layout.end - layout.begin,
      sources: [...sources].sort((one, other) => other[1] - one[1]).map(([name]) => name),
    },
  };
}

/** The address if it is one that a link may have. */
function pageOf(address: string | null): string | null {
  if (address === null || !URL.canParse(address)) return null;
  return /^https?:$/.test(new URL(address).protocol) ? address : null;
}

/** What an address says of an item; stays the same when more of the trace arrives. */
export function keyOf(item: TraceItem): string {
  return item.kind === "event" ? (item.event_id ?? "") : item.span_id;
}

export function indexOfKey(trace: Trace, key: string): number {
  return key ? trace.items.findIndex((item) => keyOf(item) === key) : -1;
}

/** The items in which all words stand, in any case; null: no words. */
export function found(trace: Trace, words: string): Set<number> | null {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return null;
  const matches = new Set<number>();
  trace.items.forEach((item, index) => {
    const text = `${item.name} ${item.text} ${item.source} ${item.agent_id}`.toLowerCase();
    if (wanted.every((word) => text.includes(word))) matches.add(index);
  });
  return matches;
}

/** Where the text of an item is to be had: its sentence, or else its name. */
export function titleOf(item: TraceItem): string {
  return item.text || item.name;
}

/** Which colour a source has: the one that there is most of has the first. */
export function hueOf(trace: Trace, source: string): number {
  return trace.totals.sources.indexOf(source) % HUES;
}

export const HUES = 7;
