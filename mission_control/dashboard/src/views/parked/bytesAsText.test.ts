import { expect, it } from "vitest";
import { bytesAsText } from "./bytesAsText";

it("shows bytes beside their signs, sixteen to a line", () => {
  expect(bytesAsText("476172626167651b5b33316d0080ff0a7e")).toBe(
    "0000  47 61 72 62 61 67 65 1b 5b 33 31 6d 00 80 ff 0a  Garbage·[31m····\n0010  7e                                               ~",
  );
  expect(bytesAsText("")).toBe("");
});
