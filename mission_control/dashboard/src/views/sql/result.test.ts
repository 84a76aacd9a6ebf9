import { describe, expect, it } from "vitest";
import { type Asked, asText, cellText, isNumber, leadsTo, widthsOf } from "./result";

describe("a result", () => {
  it("leads to events and traces, and nowhere else", () => {
    expect(leadsTo("event_id", "e1")).toEqual({ sel: "e1" });
    expect(leadsTo("causation_id", "e1")).toEqual({ sel: "e1" });
    expect(leadsTo("trace_id", "t")).toEqual({ view: "trace", id: "t" });
    for (const [column, value] of [["event_id", ""], ["event_id", 7], ["agent_id", "x"], ["id", "x"]] as const) expect(leadsTo(column, value)).toBeNull();
  });

  it.each([["UInt64", true], ["Nullable(Float64)", true], ["Decimal(10, 2)", true], ["String", false], ["LowCardinality(String)", false], ["Array(UInt8)", false]])(
    "of %s is a number: %s",
    (type, is) => expect(isNumber(type)).toBe(is),
  );

  it("reads as text whatever a value is", () => {
    expect([null, undefined, 0, "", true, [1, "a"], { a: 1 }].map(cellText)).toEqual([null, null, "0", "", "true", '[1,"a"]', '{"a":1}']);
  });

  const asked: Asked = {
    columns: [{ name: "n", type: "UInt8" }, { name: "text", type: "String" }],
    rows: [[1, "a\tb\nc"], [-2, '=HYPERLINK("http://evil")'], [null, "@x"], [3, "-x"], [4, "x".repeat(900)]],
    truncated: false,
    seconds: 0.1,
  };
  it("is copied as rows and columns that compute nothing", () => {
    const lines = asText(asked).split("\n");
    expect(lines.slice(0, 5)).toEqual(["n\ttext", "1\ta b c", '-2\t\'=HYPERLINK("http://evil")', "\t'@x", "3\t'-x"]);
  });
  it("has columns as wide as they need, within bounds", () => {
    expect(widthsOf(asked)).toEqual([6, 56]);
  });
});
