import { expect, test } from "vitest";
import { rank } from "./rank";

test("the best begins as it was typed, and all words count", () => {
  const names = ["Show the keys", "Keys", "Go to the tasks", "Copy the link"];
  const of = (text: string) => rank(names, text, (each) => each);
  expect(of("keys")).toEqual(["Keys", "Show the keys"]);
  expect(of("the co")).toEqual(["Copy the link"]);
  expect(of("")).toEqual(names);
  expect(of("nothing")).toEqual([]);
});
