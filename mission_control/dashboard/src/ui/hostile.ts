// How does text from outside look? As text, with what would not show, or would show something else,
// made visible: control characters, escape sequences of terminals, marks that turn the direction.

const ANSI = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]{0,200}(?:\u0007|\u001b\\)|[@-_])/g;
const INVISIBLE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu;

/** The same text as one sees it; lines and tabs stay. */
export function visible(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replace(ANSI, (found) => `␛${found.slice(1).replace(INVISIBLE, "")}`)
    .replace(INVISIBLE, picture);
}

/** As `visible`, in one line. */
export function visibleLine(text: string): string {
  return visible(text).replace(/[\n\t]+/g, " ⏎ ");
}

const UUID = /\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi;

/** With the beginnings of long ids only: nobody tells them apart by their ends. */
export function withShortIds(text: string): string {
  return text.replace(UUID, "$1…");
}

function picture(found: string): string {
  const code = found.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "␡";
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
}
