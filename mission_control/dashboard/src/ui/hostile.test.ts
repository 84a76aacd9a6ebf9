import { expect, test } from "vitest";
import { visible, visibleLine } from "./hostile";

test("what would not show, or would show something else, is seen", () => {
  expect(visible("\u001b[31mred\u001b[0m")).toBe("␛[31mred␛[0m");
  expect(visible("\u001b]0;title\u0007x")).toBe("␛]0;titlex");
  expect(visible("a\u202etxt.exe\u2066")).toBe("a⟨U+202E⟩txt.exe⟨U+2066⟩");
  expect(visible("a\u200bb\ufeffc\u00add")).toBe("a⟨U+200B⟩b⟨U+FEFF⟩c⟨U+00AD⟩d");
  expect(visible("nul\u0000bell\u0007del\u007fc1\u0085")).toBe("nul␀bell␇del␡c1⟨U+0085⟩");
  expect(visible("\u{e0041}")).toBe("⟨U+E0041⟩");
});

test("what shows stays as it is, markup too", () => {
  for (const text of ["<img src=x onerror=alert(1)>", "äöü 日本 👩‍💻", "a\tb\nc", "&amp;"]) expect(visible(text)).toBe(text);
});

test("many lines are one where there is room for one", () => {
  expect(visibleLine("a\r\nb\n\nc")).toBe("a ⏎ b ⏎ c");
});
