// How do bytes read that are no event? Sixteen to a line, with the signs of ASCII beside them.

const PER_LINE = 16;

export function bytesAsText(hex: string): string {
  const pairs = hex.match(/[0-9a-f]{2}/gi) ?? [];
  const lines: string[] = [];
  for (let at = 0; at < pairs.length; at += PER_LINE) {
    const line = pairs.slice(at, at + PER_LINE);
    const signs = line.map((pair) => sign(Number.parseInt(pair, 16))).join("");
    lines.push(`${at.toString(16).padStart(4, "0")}  ${line.join(" ").padEnd(3 * PER_LINE)} ${signs}`);
  }
  return lines.join("\n");
}

function sign(code: number): string {
  return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : "·";
}
