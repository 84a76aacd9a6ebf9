import { expect, test } from "vitest";
import { liveEventOf } from "../../stores/liveEvent";
import { isEmpty, matches, parseFilter, withField } from "./filter";

const EVENT = liveEventOf({
  sequence: 1,
  recorded_at: "2026-11-30T12:00:00Z",
  payload_kind: "decision",
  agent_id: "coder-1",
  agent_role: "coder",
  sentence: "chose “retry” as the Timeout was short",
});

test("words that name a field, and words that stand anywhere", () => {
  expect(parseFilter("agent:coder-1 Timeout  kind:decision short")).toEqual({
    agent: "coder-1",
    role: "",
    kind: "decision",
    words: ["timeout", "short"],
  });
  expect(isEmpty(parseFilter("  "))).toBe(true);
  expect(parseFilter("agent: http://x").words).toEqual(["agent:", "http://x"]);
});

test("all that is said has to be so", () => {
  const through = ["", "agent:coder-1", "role:coder timeout", "kind:decision RETRY short"];
  const held = ["agent:coder", "kind:state_change", "timeout missing", "role:reviewer"];
  expect(through.map((each) => matches(parseFilter(each), EVENT))).toEqual([true, true, true, true]);
  expect(held.map((each) => matches(parseFilter(each), EVENT))).toEqual([false, false, false, false]);
});

test("another value of a field takes the place of the one before", () => {
  expect(withField("agent:a timeout", "agent", "b")).toBe("agent:b timeout");
  expect(withField("agent:a timeout", "agent", "")).toBe("timeout");
  expect(withField("timeout", "kind", "decision")).toBe("kind:decision timeout");
});
