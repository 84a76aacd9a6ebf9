// Which of these does somebody mean who typed this? Pure.

/** Those in which all words begin a word, or else stand somewhere; the best first. Without a text all,
 * as they are. */
export function rank<T>(all: readonly T[], text: string, nameOf: (each: T) => string): T[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...all];
  const scored: [number, T][] = [];
  for (const each of all) {
    const score = scoreOf(nameOf(each).toLowerCase(), words);
    if (score > 0) scored.push([score, each]);
  }
  return scored.sort(([a], [b]) => b - a).map(([, each]) => each);
}

function scoreOf(name: string, words: readonly string[]): number {
  let score = 0;
  for (const word of words) {
    const at = name.indexOf(word);
    if (at < 0) return 0;
    if (at === 0) score += 4;
    else if (name.includes(` ${word}`)) score += 2;
    else score += 1;
  }
  return score;
}
