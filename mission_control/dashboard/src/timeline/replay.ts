// Where is a replay after so much of its own time? Pure. Time in which nothing happened is squeezed.
import type { Stretch } from "./scale";

/** So much is left of any time in which nothing happened. */
export const MAX_IDLE_MILLISECONDS = 1_500;
export const SPEEDS = [1, 2, 5, 10, 25, 50, 100] as const;

interface Part {
  /** When it begins, on the replay's clock. */
  readonly at: number;
  readonly length: number;
  readonly first: number;
  readonly last: number;
}

export interface Reel {
  readonly parts: readonly Part[];
  /** How long all of it plays at 1×, in milliseconds. */
  readonly length: number;
}

/** The stretches, one behind the other, with what is idle between them squeezed. */
export function reelOf(stretches: readonly Stretch[]): Reel {
  const parts: Part[] = [];
  let at = 0;
  let before: Stretch | undefined;
  for (const each of stretches) {
    if (before !== undefined) at += Math.min(Math.max(0, each.begin - before.end), MAX_IDLE_MILLISECONDS);
    const length = each.end - each.begin;
    // A long stretch with few events is mostly idle, too.
    const squeezed = Math.min(length, Math.max(1, each.last - each.first + 1) * MAX_IDLE_MILLISECONDS);
    parts.push({ at, length: squeezed, first: each.first, last: each.last });
    at += squeezed;
    before = each;
  }
  return { parts, length: at };
}

/** The position that is shown at a time of the replay. */
export function positionInReel(reel: Reel, time: number): number {
  let found: Part | undefined;
  for (const part of reel.parts) {
    if (part.at > time) break;
    found = part;
  }
  if (found === undefined) return reel.parts[0]?.first ?? 0;
  const share = found.length > 0 ? Math.min(1, (time - found.at) / found.length) : 1;
  return Math.floor(found.first + share * (found.last - found.first));
}

/** The time of the replay at which a position is shown. */
export function timeInReel(reel: Reel, position: number): number {
  let found: Part | undefined;
  for (const part of reel.parts) {
    if (part.first > position) break;
    found = part;
  }
  if (found === undefined) return 0;
  const many = found.last - found.first;
  const share = many > 0 ? Math.min(1, (position - found.first) / many) : 0;
  return found.at + share * found.length;
}
