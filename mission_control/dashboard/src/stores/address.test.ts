import { expect, test } from "vitest";
import { type Address, addressAfter, formatAddress, HOME, parseAddress, parsePosition } from "./address";

function read(text: string): Address {
  const url = new URL(text, "http://localhost");
  return parseAddress(url.pathname, url.search);
}

test("what is written is read again, whatever is in it", () => {
  const texts = ["", "a b", "äöü", "a/b?c#d&e=f", "%2F%", "‮txt", "<script>", "日本", "+", "a=b"];
  for (const id of texts) {
    for (const q of texts) {
      const address: Address = { view: "trace", id, at: 17, sel: q, q, more: q ? { tab: q } : {} };
      expect(read(formatAddress(address))).toEqual(address);
    }
  }
});

test("an address of another shape is the first page, at its moment", () => {
  expect(read("/")).toEqual(HOME);
  expect(read("/?at=12")).toEqual({ ...HOME, at: 12 });
  expect(read("/ui/nowhere?q=x")).toEqual(HOME);
  expect(read("/ui/live/%E0%A4%A")).toMatchObject({ view: "live", id: "%E0%A4%A" });
});

test("only a whole number from 1 is a moment", () => {
  expect(["1", "999999999999999"].map(parsePosition)).toEqual([1, 999999999999999]);
  expect([null, "", "0", "-1", "1.5", "1e3", " 1", "1".repeat(16), "٣"].map(parsePosition)).toEqual(Array(9).fill(null));
});

test("another page keeps the moment, and nothing that was the last one's own", () => {
  const before: Address = { view: "live", id: "", at: 5, sel: "e", q: "agent:a", more: { in: "all" } };
  expect(addressAfter(before, { view: "tasks" })).toEqual({ ...HOME, view: "tasks", at: 5 });
  expect(addressAfter(before, { sel: "" })).toEqual({ ...before, sel: "" });
});
