import { expect, test } from "vitest";
import { keyIn } from "./session";

test("the key stands in the fragment, or there is none", () => {
  expect(keyIn("#key=a_b-C1")).toBe("a_b-C1");
  expect(["", "#", "#other=1", "#L12"].map(keyIn)).toEqual(["", "", "", ""]);
});
