import type { TraceNodeAnswer } from "../../api/schema";
import { describe, expect, it } from "vitest";
import { ticksOf } from "./drawBars";
import { groupsOf, MAX_GROUPS } from "./group";
import { found, headline, indexOfId, preciseTime, traceOf } from "./trace";
import { bounded } from "./useView";

type Given = Partial<TraceNodeAnswer> & { start?: number; duration?: number };

function node({ start = 0, duration = 1, ...change }: Given): TraceNodeAnswer {
  return {
    kind: "span", id: "s", parent: -1, depth: 0, name: "work", who: "coder", is_failure: false, cost_usd: null, span: null, event: null,
    started_at: new Date(start).toISOString(), seconds: duration / 1000, ...change,
  };
}

function trace(...nodes: Given[]) {
  return traceOf({ trace_id: "t", jaeger_url: null, nodes: nodes.map(node), events_left_out: false, spans_left_out: false, without_spans: "", as_of: 1 });
}

describe("a trace", () => {
  it("is counted", () => {
    const { totals } = trace(
      { duration: 100 },
      { parent: 0, start: 10, cost_usd: 0.25, who: "overseer" },
      { parent: 0, start: 20, kind: "event", id: "e", duration: 0, is_failure: true },
    );
    expect(totals).toEqual({ spans: 2, events: 1, failures: 1, cost: 0.25, hasCost: true, duration: 100, sources: ["coder", "overseer"] });
  });

  it("knows an item again when more has come", () => {
    const after = trace({ id: "a" }, { id: "new", parent: 0 }, { id: "b", parent: 0 });
    expect(indexOfId(after, "b")).toBe(2);
    expect(indexOfId(after, "")).toBe(-1);
  });

  it("begins at its microsecond", () => {
    expect(preciseTime("2026-11-30T12:00:00.123456Z") - Date.parse("2026-11-30T12:00:00.123Z")).toBeCloseTo(0.456, 3);
    expect(preciseTime("2026-11-30T12:00:00Z")).toBe(Date.parse("2026-11-30T12:00:00Z"));
  });

  it("is about its first decision, or else what is no plumbing", () => {
    const event = (name: string, start: number, payload_kind: string) => ({
      ...{ kind: "event" as const, name, id: name, start },
      event: {
        ...{ payload_kind, epoch: 1, sequence: 1, subject: "", recorded_at: "", sentence: name, is_failure: false },
        ...{ agent_id: "", agent_role: "", causation_id: "", correlation_id: "", event_id: name, span_id: "", trace_id: "" },
      },
    });
    const asked = event("asks", 0, "claim_requested");
    const claimed = event("claims", 1, "task_claimed");
    expect(headline(trace(asked, claimed, event("decides", 2, "decision")))).toBe("decides");
    expect(headline(trace(asked, claimed))).toBe("claims");
    expect(headline(trace(asked))).toBe("asks");
    expect(headline(trace())).toBe("");
  });

  it("is searched by all words, in any case", () => {
    const searched = trace({ name: "Run tests" }, { name: "decides to RUN away" }, { name: "wait" });
    expect(found(searched, "run")).toEqual(new Set([0, 1]));
    expect(found(searched, " run  TESTS")).toEqual(new Set([0]));
    expect(found(searched, "  ")).toBeNull();
  });

  it.each(["javascript:alert(1)", "data:text/html,x", "no address"])("links to no %s", (address) => {
    const answer = { trace_id: "t", nodes: [], events_left_out: false, spans_left_out: false, without_spans: "", as_of: 1 };
    expect(traceOf({ ...answer, jaeger_url: address }).jaegerUrl).toBeNull();
  });
});

describe("the graph of a trace", () => {
  it("has one node for steps of one kind below one kind", () => {
    const { groups, leftOut } = groupsOf(
      trace({ name: "root" }, { name: "try", parent: 0 }, { name: "try", parent: 0, is_failure: true }, { name: "test", parent: 1 }, { name: "test", parent: 2 }),
    );
    expect(groups.map((each) => [each.name, each.count, each.failures, each.parent])).toEqual([
      ["root", 1, 0, -1], ["try", 2, 1, 0], ["test", 2, 0, 1],
    ]);
    expect(leftOut).toBe(0);
  });

  it("says how many have no room", () => {
    const many = Array.from({ length: MAX_GROUPS + 7 }, (_, at) => ({ name: `n${at}`, parent: at - 1 }));
    const { groups, leftOut } = groupsOf(trace(...many));
    expect([groups.length, leftOut]).toEqual([MAX_GROUPS, 7]);
  });
});

describe("the stretch that is shown", () => {
  const whole = { from: 100, to: 200 };
  it.each([
    [{ from: 90, to: 150 }, { from: 100, to: 160 }],
    [{ from: 180, to: 220 }, { from: 160, to: 200 }],
    [{ from: 0, to: 1000 }, whole],
    [{ from: 150, to: 150 }, { from: 149.995, to: 150.005 }],
  ])("of %o stays within the whole", (wanted, shown) => {
    const view = bounded(wanted, whole);
    expect(view.from).toBeCloseTo(shown.from);
    expect(view.to).toBeCloseTo(shown.to);
  });

  it.each([0.001, 0.7, 12, 999, 61_000, 3_600_000, 86_400_000 * 30])("of %d ms has a few round ticks", (long) => {
    const ticks = ticksOf({ from: 5, to: 5 + long }, 5, 6);
    expect(ticks.length).toBeGreaterThan(0);
    expect(ticks.length).toBeLessThanOrEqual(8);
    expect(ticks[0]).toBe(5);
  });
});
