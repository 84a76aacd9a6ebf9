import { describe, expect, it } from "vitest";
import { type Diff, diffOfPatch, diffOfTexts, inlineRows, MAX_LINE_LENGTH, MAX_LINES } from "./diff";

/** As one would write it down: `-3 old` `+3 new`, changed words in brackets. */
function drawn(diff: Diff): string[] {
  return inlineRows(diff).map((row) => {
    if (row.kind === "note") return `# ${row.text}`;
    const side = row.left ?? row.right;
    const sign = { same: " ", changed: "?", removed: "-", added: "+" }[row.kind];
    return `${sign}${side.line} ${side.parts.map((part) => (part.changed ? `[${part.text}]` : part.text)).join("")}`;
  });
}

const PATCH = `--- a/calc.py
+++ b/calc.py
@@ -1,4 +1,5 @@
 def add(a, b):
-    return a - b
+    return a + b

+# tested
 print(add(1, 2))
\\ No newline at end of file
`;

describe("a recorded diff", () => {
  it("has the numbers of both sides, and the words that changed", () => {
    const diff = diffOfPatch(PATCH);
    expect(drawn(diff)).toEqual([
      "# --- a/calc.py",
      "# +++ b/calc.py",
      "# @@ -1,4 +1,5 @@",
      " 1 def add(a, b):",
      "-2     return a [-] b",
      "+2     return a [+] b",
      " 3 ",
      "+4 # tested",
      " 4 print(add(1, 2))",
      "# \\ No newline at end of file",
    ]);
    expect([diff.added, diff.removed, diff.limits]).toEqual([2, 1, []]);
  });

  it("shows as a remark what belongs to no piece, and loses nothing", () => {
    const odd = "GIT binary patch\n-not removed\n@@ nonsense @@\n+not added";
    expect(drawn(diffOfPatch(odd))).toEqual(["# GIT binary patch", "# -not removed", "# @@ nonsense @@", "# +not added"]);
  });

  it("takes lines that look like names of files for what they are within a piece", () => {
    const diff = diffOfPatch("@@ -1,1 +1,1 @@\n--- a comment of SQL\n+++ more\n");
    expect(drawn(diff)).toEqual(["# @@ -1,1 +1,1 @@", "-1 -- a comment of SQL", "+1 ++ more"]);
  });
});

describe("two texts", () => {
  it("leave out what stays the same far from any change", () => {
    const lines = Array.from({ length: 40 }, (_, at) => `line ${at + 1}`);
    const now = [...lines];
    now[19] = "line twenty";
    const diff = diffOfTexts(`${lines.join("\n")}\n`, `${now.join("\n")}\n`);
    expect(drawn(diff)).toEqual([
      "# 16 lines are the same",
      " 17 line 17", " 18 line 18", " 19 line 19",
      "-20 line [20]", "+20 line [twenty]",
      " 21 line 21", " 22 line 22", " 23 line 23",
      "# 17 lines are the same",
    ]);
    const whole = diffOfTexts(lines.join("\n"), now.join("\n"), { whole: true });
    expect(whole.rows).toHaveLength(40);
  });

  it("come and go as a whole", () => {
    expect(drawn(diffOfTexts("", "a\nb\n"))).toEqual(["+1 a", "+2 b"]);
    expect(drawn(diffOfTexts("a\n", ""))).toEqual(["-1 a"]);
    expect(drawn(diffOfTexts("", ""))).toEqual([]);
  });

  it("show two lines with little in common without marks", () => {
    expect(drawn(diffOfTexts("import os\n", "The quick brown fox.\n"))).toEqual(["-1 import os", "+1 The quick brown fox."]);
  });

  it("never add or lose a line, whatever they are", () => {
    let seed = 7;
    const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
    for (let round = 0; round < 300; round++) {
      const text = () => Array.from({ length: random(12) }, () => "abc"[random(3)]!.repeat(random(4)));
      const [before, after] = [text(), text()];
      const diff = diffOfTexts(before.map((each) => `${each}\n`).join(""), after.map((each) => `${each}\n`).join(""), { whole: true });
      const joined = (side: "left" | "right") =>
        diff.rows.flatMap((row) => (row[side] ? [row[side].parts.map((part) => part.text).join("")] : []));
      expect(joined("left")).toEqual(before);
      expect(joined("right")).toEqual(after);
      expect(inlineRows(diff).filter((row) => row.kind !== "added")).toHaveLength(before.length);
    }
  });
});

describe("what is too much", () => {
  it("is cut and said: lines", () => {
    const many = "x\n".repeat(MAX_LINES + 5);
    const diff = diffOfTexts("", many);
    expect(diff.rows).toHaveLength(MAX_LINES);
    expect(diff.limits.join()).toMatch(/more lines than the 20,000 shown/);
    expect(diffOfTexts("", "x\n".repeat(MAX_LINES)).limits).toEqual([]);
  });

  it("is cut and said: long lines", () => {
    const diff = diffOfTexts("", "y".repeat(5_000_000));
    expect(diff.rows[0]!.right!.parts[0]!.text).toHaveLength(MAX_LINE_LENGTH + 1);
    expect(diff.limits.join()).toMatch(/first 2,000 characters/);
  });

  it("is matched by beginnings and ends only, and said", () => {
    const lines = (name: string) => Array.from({ length: 9_000 }, (_, at) => `${name} ${at}`).join("\n");
    const diff = diffOfTexts(`first\n${lines("a")}\nlast`, `first\n${lines("b")}\nlast`);
    expect(diff.limits.join()).toMatch(/too many lines to match/);
    expect([diff.added, diff.removed]).toEqual([9_000, 9_000]);
    expect(diff.rows.at(-1)!.kind).toBe("same");
  });
});
