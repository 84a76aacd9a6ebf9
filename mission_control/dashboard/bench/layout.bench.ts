// How long do the engines of the pages take? `npm run bench`; budgets: a trace of 20,000 spans within
// 300 ms and of 100,000 within 1 s, a new node in a graph of 1,000 within 16 ms.
import { describe, it } from "vitest";
import { decodeWindow } from "../src/engine/columns";
import { diffOfTexts } from "../src/engine/diff";
import { layOutGraph } from "../src/engine/graph-layout";
import { criticalPath, layOutTrace, minimap, type SpanTable, visibleRows } from "../src/engine/trace-layout";
import { traceOf } from "../src/views/trace/trace";

/** Prints the median and the slowest of so many runs. */
function bench(name: string, run: () => void, times = 10): void {
  it(name, { timeout: 600_000 }, () => {
    run();
    const took = Array.from({ length: times }, () => {
      const begin = performance.now();
      run();
      return performance.now() - begin;
    }).sort((one, other) => one - other);
    const [median, slowest] = [took[times >> 1]!, took.at(-1)!].map((each) => each.toFixed(1).padStart(8));
    process.stdout.write(`${name.padEnd(44)} median ${median} ms, slowest ${slowest} ms\n`);
  });
}

let seed = 11;
function random(below: number): number {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed % below;
}

/** A tree as traces are: most spans stand below one that began shortly before. */
function spans(count: number): SpanTable {
  const table = {
    start: new Float64Array(count),
    duration: new Float64Array(count),
    parent: new Int32Array(count).fill(-1),
    cost: new Float64Array(count),
  };
  table.duration[0] = count;
  for (let span = 1; span < count; span++) {
    table.start[span] = span - 1 + random(100) / 100;
    table.duration[span] = random(5_000) / 100;
    table.parent[span] = Math.max(0, span - 1 - random(30));
    table.cost[span] = random(10) === 0 ? 0.01 : 0;
  }
  return table;
}

/** The same as the server's JSON. */
function answer(count: number): string {
  const { start, duration, parent } = spans(count);
  const nodes = Array.from({ length: count }, (_, at) => ({
    ...{ kind: "span", id: at.toString(16).padStart(16, "0"), parent: parent[at], depth: 0, name: `step ${at % 40}`, who: `coder-${at % 9}` },
    ...{ started_at: new Date(1.8e12 + start[at]!).toISOString(), seconds: duration[at]! / 1000, is_failure: at % 50 === 0 },
    ...{ cost_usd: null, event: null, span: { source: "coder", service: "coder", status_message: "", attributes: {} } },
  }));
  return JSON.stringify({ trace_id: "t", jaeger_url: null, nodes, events_left_out: false, spans_left_out: false, without_spans: "", as_of: 1 });
}

for (const count of [20_000, 100_000]) {
  const table = spans(count);
  const layout = layOutTrace(table);
  const rows = visibleRows(layout, new Set());
  const json = answer(count);
  const folded = new Set(layout.order.filter((_, at) => at % 50 === 1));
  describe(`a trace of ${count.toLocaleString("en")} spans`, () => {
    bench(`${count.toLocaleString("en")} spans, rows`, () => void layOutTrace(table));
    bench(`${count.toLocaleString("en")} spans, critical path`, () => void criticalPath(table, layout));
    bench(`${count.toLocaleString("en")} spans, picture in small, 1,200 × 44`, () => void minimap(table, layout, rows, { width: 1_200, height: 44 }));
    bench(`${count.toLocaleString("en")} spans, fold every fiftieth`, () => void visibleRows(layout, folded));
    bench(`${count.toLocaleString("en")} spans, all of it, from the server's JSON`, () => {
      const trace = traceOf(JSON.parse(json));
      minimap(trace.spans, trace.layout, visibleRows(trace.layout, new Set()), { width: 1_200, height: 44 });
    });
  });
}

describe("a graph of 1,000 nodes", () => {
  const ids = Array.from({ length: 1_001 }, (_, at) => `n${at}`);
  const edges = Array.from({ length: 1_458 }, (_, at) => {
    const to = 1 + random(999);
    return at < 999 ? [Math.max(0, at - random(40)), at + 1] : [Math.max(0, to - 1 - random(60)), to];
  });
  const graph = { from: edges.map(([from]) => from!), to: edges.map(([, to]) => to!) };
  const places = layOutGraph(ids.slice(0, 1_000), graph);
  const known = new Map(ids.slice(0, 1_000).map((id, at) => [id, places[at]!]));
  const grown = { from: [...graph.from, 7], to: [...graph.to, 1_000] };
  bench("graph of 1,000 nodes, from nothing", () => void layOutGraph(ids.slice(0, 1_000), graph));
  bench("graph of 1,000 nodes, one more", () => void layOutGraph(ids, grown, known));
});

describe("two texts of 5,000 lines", () => {
  const before = Array.from({ length: 5_000 }, (_, at) => `line ${at} ${at * 7919}`);
  const after = before.map((line, at) => (at % 40 === 0 ? `${line} changed` : line));
  bench("texts of 5,000 lines, 125 differ", () => void diffOfTexts(before.join("\n"), after.join("\n")));
});

describe("a window of 100,000 positions", () => {
  const rows = 100_000;
  const names = ["time", "position", "kind"];
  const head = {
    columns: names.map((name, at) => ({ name, type: name === "kind" ? "u32" : "f64", offset: at * rows * 8, length: rows * (name === "kind" ? 4 : 8) })),
    dictionaries: { kind: ["decision"] },
    ...{ rows, from: 1, to: rows, as_of: rows },
  };
  const text = new TextEncoder().encode(JSON.stringify(head));
  const begin = (8 + text.length + 7) & ~7;
  const bytes = new ArrayBuffer(begin + 3 * rows * 8);
  new Uint8Array(bytes).set(new TextEncoder().encode("GWC1"));
  new DataView(bytes).setUint32(4, text.length, true);
  new Uint8Array(bytes).set(text, 8);
  bench("window of 100,000 positions, read", () => void decodeWindow(bytes));
});
