import { expect, test } from "vitest";
import { ago, bytes, count, counted, dollars, duration, words } from "./format";

test("numbers and times read as a person says them", () => {
  expect([count(1204), counted(1, "task"), counted(0, "task")]).toEqual(["1,204", "1 task", "0 tasks"]);
  const times = [0, 950, 1500, 59_000, 61_000, 3_600_000, 3_900_000, 90_000_000];
  expect(times.map(duration)).toEqual(["0 ms", "950 ms", "1.5 s", "59 s", "1 min", "1 h", "1 h 5 min", "1 d 1 h"]);
  expect([ago(1000, 1500), ago(1000, 61_000), ago(5000, 1000)]).toEqual(["now", "1 min ago", "now"]);
  expect([0, 0.0042, 1.2, 1204].map(dollars)).toEqual(["$0", "$0.0042", "$1.20", "$1,204.00"]);
  expect([512, 1536, 1024 ** 3 * 20].map(bytes)).toEqual(["512 B", "1.5 KiB", "20 GiB"]);
  expect(words("task_claimed")).toBe("task claimed");
});
