// Which time has a position of the log, and which position a time? Pure. Stretches of time in which
// something happened are known; within one, positions are spread evenly.

export interface Stretch {
  /** When it begins and ends, in milliseconds. */
  readonly begin: number;
  readonly end: number;
  readonly first: number;
  readonly last: number;
  readonly events: number;
  readonly decisions: number;
  readonly failures: number;
  readonly cost: number;
}

export interface Mark {
  readonly kind: string;
  readonly position: number;
  readonly time: number;
  readonly text: string;
  readonly isFailure: boolean;
  readonly eventId: string;
}

/** What is known of a range of time; stretches in their order, none overlapping. */
export interface Timeline {
  readonly begin: number;
  readonly end: number;
  readonly stretches: readonly Stretch[];
  readonly marks: readonly Mark[];
}

/** The index of the last stretch for which `isBefore` holds; -1 if there is none. */
function lastWhere(stretches: readonly Stretch[], isBefore: (each: Stretch) => boolean): number {
  let low = 0;
  let high = stretches.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const each = stretches[middle];
    if (each !== undefined && isBefore(each)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The time of a position; NaN if nothing is known. Outside of what is known: its nearest end. */
export function timeAt(stretches: readonly Stretch[], position: number): number {
  const found = stretches[lastWhere(stretches, (each) => each.first <= position)];
  if (found === undefined) return stretches[0]?.begin ?? Number.NaN;
  const many = found.last - found.first;
  const share = many > 0 ? Math.min(1, (position - found.first) / many) : 0.5;
  return found.begin + share * (found.end - found.begin);
}

/** The last position that was recorded up to a time; 0 if nothing is known. */
export function positionAt(stretches: readonly Stretch[], time: number): number {
  const found = stretches[lastWhere(stretches, (each) => each.begin <= time)];
  if (found === undefined) return stretches[0]?.first ?? 0;
  const long = found.end - found.begin;
  const share = long > 0 ? Math.min(1, (time - found.begin) / long) : 1;
  return Math.round(found.first + share * (found.last - found.first));
}

/** The mark that is next in a direction from a position. */
export function nextMark(marks: readonly Mark[], position: number, direction: 1 | -1): Mark | undefined {
  return direction > 0
    ? marks.find((each) => each.position > position)
    : marks.findLast((each) => each.position < position);
}
