// How do two texts differ, line by line and word by word? Rows for a side-by-side or inline view,
// from a recorded unified diff or from the texts before and after.

import { diffArrays, diffWordsWithSpace } from "diff";

/** A piece of a line; whether it differs from the line beside it. */
export interface Part {
  readonly text: string;
  readonly changed: boolean;
}

export interface Side {
  /** From 1. */
  readonly line: number;
  readonly parts: readonly Part[];
}

export type DiffRow =
  | { readonly kind: "same" | "changed"; readonly left: Side; readonly right: Side }
  | { readonly kind: "removed"; readonly left: Side; readonly right?: undefined }
  | { readonly kind: "added"; readonly left?: undefined; readonly right: Side }
  /** What stands between the pieces of a diff: where the next begins, a file's name, a remark. */
  | { readonly kind: "note"; readonly text: string; readonly left?: undefined; readonly right?: undefined };

export interface Diff {
  readonly rows: readonly DiffRow[];
  readonly added: number;
  readonly removed: number;
  /** Why not everything is shown, or not exactly; empty: it is. */
  readonly limits: readonly string[];
}

export const MAX_LINES = 20_000;
export const MAX_LINE_LENGTH = 2_000;
const MAX_EDITS = 1_500;
const MAX_WORD_LENGTH = 1_000;
const MAX_PAIRS = 2_000;
const CONTEXT = 3;

/** Of the recorded diff of one change. Lines that belong to no piece are shown as notes. */
export function diffOfPatch(patch: string): Diff {
  const rows = new Rows();
  let left = 0;
  let right = 0;
  let leftOpen = 0; // lines of this piece that are still to come, by side
  let rightOpen = 0;
  for (const line of rows.bounded(patch, "the recorded diff")) {
    const hunk = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line);
    if (leftOpen <= 0 && rightOpen <= 0 && hunk !== null) {
      left = Number(hunk[1]);
      right = Number(hunk[3]);
      leftOpen = Number(hunk[2] ?? 1);
      rightOpen = Number(hunk[4] ?? 1);
      rows.note(line);
    } else if (leftOpen <= 0 && rightOpen <= 0) {
      rows.note(line);
    } else if (line.startsWith("-")) {
      rows.remove(left++, line.slice(1));
      leftOpen--;
    } else if (line.startsWith("+")) {
      rows.add(right++, line.slice(1));
      rightOpen--;
    } else if (line.startsWith("\\")) {
      rows.note(line);
    } else {
      rows.same(left++, right++, line.slice(1));
      leftOpen--;
      rightOpen--;
    }
  }
  return rows.finish();
}

/** Of two texts; what stays the same is left out but for three lines around each change, unless
 * `whole` is asked for. */
export function diffOfTexts(before: string, after: string, options: { whole?: boolean } = {}): Diff {
  const rows = new Rows();
  const old = rows.bounded(before, "the text before");
  const now = rows.bounded(after, "the text after");
  const pieces = rows.match(old, now);
  let left = 1;
  let right = 1;
  pieces.forEach(({ lines, added, removed }, index) => {
    if (removed) {
      for (const line of lines) rows.remove(left++, line);
    } else if (added) {
      for (const line of lines) rows.add(right++, line);
    } else {
      const head = index === 0 ? 0 : CONTEXT;
      const tail = index === pieces.length - 1 ? 0 : CONTEXT;
      const hidden = lines.length - head - tail;
      lines.forEach((line, place) => {
        const shown = options.whole === true || hidden < 2 || place < head || place >= head + hidden;
        if (shown) rows.same(left, right, line);
        else if (place === head) rows.note(`${hidden} lines are the same`);
        left++;
        right++;
      });
    }
  });
  return rows.finish();
}

/** Rows with one column: what was removed above what was added. */
export function inlineRows(diff: Diff): DiffRow[] {
  const rows: DiffRow[] = [];
  const added: DiffRow[] = [];
  for (const row of diff.rows) {
    if (row.kind !== "changed" && row.kind !== "removed") rows.push(...added.splice(0));
    if (row.kind === "changed") {
      rows.push({ kind: "removed", left: row.left });
      added.push({ kind: "added", right: row.right });
    } else {
      rows.push(row);
    }
  }
  rows.push(...added);
  return rows;
}

interface Piece {
  readonly lines: readonly string[];
  readonly added: boolean;
  readonly removed: boolean;
}

/** Without empty ones, and what stays in one piece where two would stand side by side. */
function joined(pieces: readonly Piece[]): Piece[] {
  const found: Piece[] = [];
  for (const piece of pieces) {
    const last = found.at(-1);
    const stays = !piece.added && !piece.removed;
    if (piece.lines.length === 0) continue;
    if (last !== undefined && stays && !last.added && !last.removed) {
      found[found.length - 1] = { ...last, lines: [...last.lines, ...piece.lines] };
    } else {
      found.push(piece);
    }
  }
  return found;
}

class Rows {
  readonly #rows: DiffRow[] = [];
  readonly #limits = new Set<string>();
  #removed: Side[] = [];
  #added: Side[] = [];
  #pairs = 0;
  #counts = { added: 0, removed: 0 };

  /** The lines of a text, at most so many. A last line end begins no line. */
  bounded(text: string, what: string): string[] {
    if (text === "") return [];
    const lines = text.split("\n", MAX_LINES + 2);
    if (lines.at(-1) === "") lines.pop();
    if (lines.length > MAX_LINES) {
      lines.length = MAX_LINES;
      this.#limits.add(`${what} has more lines than the ${MAX_LINES.toLocaleString("en")} shown`);
    }
    return lines;
  }

  /** What stays, goes and comes. Of texts that differ too much in the middle, all of it goes and
   * comes. */
  match(old: readonly string[], now: readonly string[]): Piece[] {
    const least = Math.min(old.length, now.length);
    let head = 0;
    while (head < least && old[head] === now[head]) head++;
    let tail = 0;
    while (tail < least - head && old.at(-1 - tail) === now.at(-1 - tail)) tail++;
    const before = old.slice(head, old.length - tail);
    const after = now.slice(head, now.length - tail);
    let middle: Piece[] = [
      { lines: before, added: false, removed: true },
      { lines: after, added: true, removed: false },
    ];
    if (before.length > 0 && after.length > 0) {
      const found = diffArrays(before, after, { maxEditLength: MAX_EDITS });
      if (found === undefined) {
        this.#limits.add("the texts differ in too many lines to match them one by one");
      } else {
        middle = found.map(({ value, added, removed }) => ({ lines: value, added, removed }));
      }
    }
    return joined([
      { lines: old.slice(0, head), added: false, removed: false },
      ...middle,
      { lines: old.slice(old.length - tail), added: false, removed: false },
    ]);
  }

  note(text: string): void {
    this.#settle();
    this.#rows.push({ kind: "note", text: this.#cut(text) });
  }

  same(left: number, right: number, text: string): void {
    this.#settle();
    const parts = [{ text: this.#cut(text), changed: false }];
    this.#rows.push({ kind: "same", left: { line: left, parts }, right: { line: right, parts } });
  }

  remove(line: number, text: string): void {
    if (this.#added.length > 0) this.#settle();
    this.#counts.removed++;
    this.#removed.push({ line, parts: [{ text: this.#cut(text), changed: false }] });
  }

  add(line: number, text: string): void {
    this.#counts.added++;
    this.#added.push({ line, parts: [{ text: this.#cut(text), changed: false }] });
  }

  finish(): Diff {
    this.#settle();
    return { rows: this.#rows, ...this.#counts, limits: [...this.#limits] };
  }

  /** Removed lines beside the added ones that took their place. */
  #settle(): void {
    const [removed, added] = [this.#removed, this.#added];
    this.#removed = [];
    this.#added = [];
    for (let place = 0; place < Math.max(removed.length, added.length); place++) {
      const [left, right] = [removed[place], added[place]];
      if (left !== undefined && right !== undefined) this.#rows.push(this.#pair(left, right));
      else if (left !== undefined) this.#rows.push({ kind: "removed", left });
      else if (right !== undefined) this.#rows.push({ kind: "added", right });
    }
  }

  #pair(left: Side, right: Side): DiffRow {
    const [old, now] = [left.parts[0]!.text, right.parts[0]!.text];
    const plain: DiffRow = { kind: "changed", left, right };
    if (old.length + now.length > MAX_WORD_LENGTH || ++this.#pairs > MAX_PAIRS) return plain;
    const words = diffWordsWithSpace(old, now);
    const same = words.reduce((sum, each) => sum + (each.added || each.removed ? 0 : each.value.trim().length), 0);
    if (same * 4 < Math.min(old.length, now.length)) return plain; // two lines that have little in common
    const side = (line: number, skip: "added" | "removed"): Side => ({
      line,
      parts: words
        .filter((each) => !each[skip])
        .map((each) => ({ text: each.value, changed: each.added || each.removed })),
    });
    return { kind: "changed", left: side(left.line, "added"), right: side(right.line, "removed") };
  }

  #cut(text: string): string {
    if (text.length <= MAX_LINE_LENGTH) return text;
    this.#limits.add(`of long lines only the first ${MAX_LINE_LENGTH.toLocaleString("en")} characters are shown`);
    return `${text.slice(0, MAX_LINE_LENGTH)}…`;
  }
}
