import { expect, test } from "vitest";
import { match, strokeOf } from "./keys";

function press(key: string, held: Partial<Record<"ctrlKey" | "metaKey" | "altKey" | "shiftKey", boolean>> = {}) {
  return strokeOf({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held });
}

test("a stroke is called the same on every keyboard", () => {
  expect(press("?", { shiftKey: true })).toBe("?");
  expect(press("k", { metaKey: true })).toBe("Mod+k");
  expect(press("K", { ctrlKey: true, shiftKey: true })).toBe("Mod+k");
  expect(press("ArrowLeft", { shiftKey: true })).toBe("Shift+ArrowLeft");
  expect(press(" ")).toBe("Space");
  expect(press("Shift", { shiftKey: true })).toBe("");
});

test("what was bound last goes first, and only what is meant for it while somebody types", () => {
  const run = () => undefined;
  const everywhere = { bindings: [{ keys: "g n", label: "Now", run }, { keys: "Mod+k", label: "Palette", run, whileTyping: true }] };
  const page = { bindings: [{ keys: "j", label: "Next", run }, { keys: "g n", label: "Mine", run }] };
  expect(match([everywhere, page], "g", false)).toBe("more");
  expect(match([everywhere, page], "g n", false)).toMatchObject({ label: "Mine" });
  expect(match([everywhere], "g n", false)).toMatchObject({ label: "Now" });
  expect(match([everywhere, page], "j", true)).toBeNull();
  expect(match([everywhere, page], "Mod+k", true)).toMatchObject({ label: "Palette" });
  expect(match([everywhere], "x", false)).toBeNull();
});
