// What is in one trace? The server's flat list, made into columns once; pages read it by index.
import { criticalPath, type CriticalPath, layOutTrace, type SpanTable, type TraceLayout } from "../../engine/trace-layout";
import type { TraceAnswer, TraceNodeAnswer } from "../../api/schema";

/** A span or an event, as it is drawn. */
export interface TraceItem {
  readonly kind: "span" | "event";
  readonly id: string;
  /** What kind of step it is: a span's name, the kind of an event. */
  readonly name: string;
  readonly title: string;
  readonly source: string;
  readonly who: string;
  /** Milliseconds since 1970, and how many it took. */
  readonly start: number;
  readonly duration: number;
  readonly isFailure: boolean;
  /** US dollars; null: nobody said. */
  readonly cost: number | null;
  /** Of an event, its position; of a span 0. */
  readonly sequence: number;
  readonly attributes: Readonly<Record<string, string>>;
  readonly message: string;
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
  /** What is not here: in a word or two, and why. */
  readonly gaps: readonly { readonly name: string; readonly why: string }[];
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
  const items = answer.nodes.map(itemOf);
  const count = items.length;
  const spans = {
    start: Float64Array.from(items, (item) => item.start),
    duration: Float64Array.from(items, (item) => item.duration),
    parent: Int32Array.from(answer.nodes, (node) => node.parent),
    cost: Float64Array.from(items, (item) => item.cost ?? 0),
  };
  const events: number[][] = [];
  const sources = new Map<string, number>();
  let [failures, eventCount, cost, hasCost] = [0, 0, 0, false];
  items.forEach((item, index) => {
    cost += item.cost ?? 0;
    hasCost ||= item.cost !== null;
    if (item.isFailure) failures += 1;
    if (item.kind === "event") {
      eventCount += 1;
      const above = spans.parent[index]!;
      if (above >= 0) (events[above] ??= []).push(index);
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
    gaps: gapsOf(answer),
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

function itemOf(node: TraceNodeAnswer): TraceItem {
  return {
    kind: node.kind,
    id: node.id,
    name: node.kind === "span" ? node.name : (node.event?.payload_kind ?? "unreadable"),
    title: node.name,
    source: (node.span ? node.span.source || node.span.service : node.event?.agent_role) || node.who,
    who: node.who,
    start: preciseTime(node.started_at),
    duration: node.seconds * 1000,
    isFailure: node.is_failure,
    cost: node.cost_usd,
    sequence: node.event?.sequence ?? 0,
    attributes: node.span?.attributes ?? {},
    message: node.span?.status_message ?? "",
  };
}

function gapsOf(answer: TraceAnswer): Trace["gaps"] {
  return [
    ...(answer.events_left_out ? [{ name: "not all events", why: "It has more events than are shown at once." }] : []),
    ...(answer.spans_left_out ? [{ name: "not all spans", why: "It has more spans than are shown at once." }] : []),
    ...(answer.without_spans ? [{ name: "no spans", why: answer.without_spans }] : []),
  ];
}

/** Milliseconds with those fractions that dates of the language cut off. */
export function preciseTime(iso: string): number {
  const fraction = /\.\d{3}(\d{1,6})/.exec(iso)?.[1];
  return Date.parse(iso) + (fraction === undefined ? 0 : Number(`0.${fraction}`));
}

/** How services come to decide: what a trace is about is something else. */
const PLUMBING: ReadonlySet<string> = new Set([
  ...["requests_taken", "claim_requested", "progress_reported", "result_reported", "release_requested"],
  ...["tick_observed", "leadership_taken", "capacity_sampled"],
]);

/** What the trace is about: its first decision, or else the first thing that is no plumbing. */
export function headline(trace: Trace): string {
  const inOrder = [...trace.items].sort((one, other) => one.start - other.start);
  const found =
    inOrder.find((item) => item.kind === "event" && item.name === "decision") ??
    inOrder.find((item) => !PLUMBING.has(item.name)) ??
    inOrder[0];
  return found?.title ?? "";
}

/** The item of that id; below 0: none, yet. */
export function indexOfId(trace: Trace, id: string): number {
  return id ? trace.items.findIndex((item) => item.id === id) : -1;
}

/** The items in which all words stand, in any case; null: no words. */
export function found(trace: Trace, words: string): Set<number> | null {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return null;
  const matches = new Set<number>();
  trace.items.forEach((item, index) => {
    const text = `${item.name} ${item.title} ${item.source} ${item.who}`.toLowerCase();
    if (wanted.every((word) => text.includes(word))) matches.add(index);
  });
  return matches;
}

/** Which colour a source has: the one that there is most of has the first. */
export function hueOf(trace: Trace, source: string): number {
  return trace.totals.sources.indexOf(source) % HUES;
}

export const HUES = 7;
