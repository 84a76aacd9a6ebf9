import { describe, expect, it } from "vitest";
import { DamagedWindow, decodeWindow } from "./columns";

interface Described {
  name: string;
  type: string;
  offset: number;
  length: number;
}

/** An answer as mission control writes it; `change` may spoil the head before it is written. */
function answer(change: (head: Record<string, unknown>) => void = () => {}): ArrayBuffer {
  const columns: [string, "f64" | "u32" | "u8" | "f32", number[]][] = [
    ["time", "f64", [1000.5, 2000, 3000]],
    ["kind", "u32", [0, 1, 0]],
    ["flags", "u8", [0, 1, 2]],
    ["cost", "f32", [0, 0.5, 0]],
  ];
  const widths = { f64: 8, u32: 4, u8: 1, f32: 4 };
  const described: Described[] = [];
  let size = 0;
  for (const [name, type, values] of columns) {
    described.push({ name, type, offset: size, length: widths[type] * values.length });
    size = (size + widths[type] * values.length + 7) & ~7;
  }
  const head: Record<string, unknown> = {
    columns: described,
    dictionaries: { kind: ["decision", "Änderung 🐝"] },
    as_of: 9,
    from: 7,
    to: 9,
    rows: 3,
  };
  const offsets = described.map((each) => each.offset);
  change(head);
  const text = new TextEncoder().encode(JSON.stringify(head));
  const begin = (8 + text.length + 7) & ~7;
  const bytes = new ArrayBuffer(begin + size);
  const view = new DataView(bytes);
  new Uint8Array(bytes).set(new TextEncoder().encode("GWC1"));
  view.setUint32(4, text.length, true);
  new Uint8Array(bytes).set(text, 8);
  columns.forEach(([, type, values], index) => {
    values.forEach((value, row) => {
      const at = begin + offsets[index]! + row * widths[type];
      if (type === "f64") view.setFloat64(at, value, true);
      else if (type === "f32") view.setFloat32(at, value, true);
      else if (type === "u32") view.setUint32(at, value, true);
      else view.setUint8(at, value);
    });
  });
  return bytes;
}

function column(head: Record<string, unknown>, index: number): Described {
  return (head["columns"] as Described[])[index]!;
}

describe("a window of the log", () => {
  it("has its columns as they were written, without a copy", () => {
    const bytes = answer();
    const window = decodeWindow(bytes);
    expect([window.rows, window.from, window.to, window.asOf]).toEqual([3, 7, 9, 9]);
    expect([...window.numbers("time")]).toEqual([1000.5, 2000, 3000]);
    expect([...window.numbers("cost")]).toEqual([0, 0.5, 0]);
    expect([...window.numbers("flags")]).toEqual([0, 1, 2]);
    expect(window.text("kind", 1)).toBe("Änderung 🐝");
    expect(window.numbers("time").buffer).toBe(bytes);
    expect(window.has("nothing")).toBe(false);
    expect(() => window.numbers("nothing")).toThrow(/no column nothing/);
  });

  it.each<[string, (head: Record<string, unknown>) => void, RegExp]>([
    ["a type that nobody knows", (head) => (column(head, 0).type = "f128"), /unknown type/],
    ["a type out of the language", (head) => (column(head, 0).type = "constructor"), /unknown type/],
    ["a column that ends behind the answer", (head) => (column(head, 3).offset = 4096), /middle of column cost/],
    ["an offset below 0", (head) => (column(head, 0).offset = -8), /no sound offset/],
    ["a broken number", (head) => (column(head, 0).offset = 0.5), /no sound offset/],
    ["a column out of line", (head) => (column(head, 0).offset = 4), /not aligned/],
    ["too few elements", (head) => (column(head, 1).length = 8), /8 bytes for 3 rows/],
    ["more rows than numbers can count", (head) => (head["rows"] = 1e300), /no sound rows/],
    ["an index without an entry", (head) => (head["dictionaries"] = { kind: ["decision"] }), /entry 1 of 1/],
    ["a dictionary of no column", (head) => (head["dictionaries"] = { trace: [] }), /no column/],
    ["a dictionary of another type", (head) => (head["dictionaries"] = { time: [] }), /not u32/],
    ["a dictionary with numbers", (head) => (head["dictionaries"] = { kind: [1, 2] }), /no list of texts/],
    ["a column twice", (head) => (column(head, 1).name = "time"), /column time twice/],
    ["no columns", (head) => delete head["columns"], /no columns/],
    ["no position", (head) => delete head["as_of"], /no sound as_of/],
  ])("is refused with %s", (_, spoil, reason) => {
    expect(() => decodeWindow(answer(spoil))).toThrow(reason);
    expect(() => decodeWindow(answer(spoil))).toThrow(DamagedWindow);
  });

  it("is refused wherever it was cut off", () => {
    const whole = answer();
    const last = decodeWindow(whole).numbers("cost");
    const needed = last.byteOffset + last.byteLength;
    for (let length = 0; length < needed; length++) {
      expect(() => decodeWindow(whole.slice(0, length))).toThrow(DamagedWindow);
    }
  });

  it("is never anything else than a window or refused, whichever bit is flipped", () => {
    const whole = new Uint8Array(answer());
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const spoiled = whole.slice();
      spoiled[bit >> 3]! ^= 1 << (bit & 7);
      try {
        const window = decodeWindow(spoiled.buffer);
        for (let row = 0; row < window.rows; row++) {
          if (window.has("kind")) expect(typeof window.text("kind", row)).toBe("string");
        }
      } catch (error) {
        expect(error).toBeInstanceOf(DamagedWindow);
      }
    }
  });

  it("is refused if it is a page of something else", () => {
    const page = new TextEncoder().encode("<!doctype html><title>log in</title>");
    expect(() => decodeWindow(page.buffer)).toThrow(/does not begin with GWC1/);
  });
});
