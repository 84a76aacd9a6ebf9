// Which rows of a long list are on screen? Pure. Lists whose height no browser can have are scrolled
// by share: their scroll bar is shorter than they are.

/** Browsers cut elements off above some 17 million pixels (Firefox), or draw them wrong. */
export const MAX_PIXELS = 8_000_000;

export interface RowWindow {
  readonly first: number;
  /** One behind the last. */
  readonly end: number;
  /** Where the row `first` is drawn, in pixels from the top of the list. */
  readonly top: number;
  /** How high the list is. */
  readonly height: number;
}

export interface ListShape {
  readonly count: number;
  readonly rowHeight: number;
  readonly viewHeight: number;
  /** So many rows more on each side. */
  readonly more?: number;
}

export function rowWindow(shape: ListShape, scrollTop: number): RowWindow {
  const { count, rowHeight, viewHeight, more = 6 } = shape;
  const full = count * rowHeight;
  const height = Math.min(full, MAX_PIXELS);
  const limit = Math.max(0, height - viewHeight);
  const scrolled = Math.min(Math.max(0, scrollTop), limit);
  // Where the top of the view is in the whole list.
  const offset = full > height ? (scrolled / limit) * (full - viewHeight) : scrolled;
  const first = Math.max(0, Math.floor(offset / rowHeight) - more);
  const end = Math.min(count, Math.ceil((offset + viewHeight) / rowHeight) + more);
  return { first, end, top: scrolled - (offset - first * rowHeight), height };
}

/** Where to scroll so that a row is seen; the same if it is. */
export function scrollTopFor(shape: ListShape, scrollTop: number, row: number): number {
  const { count, rowHeight, viewHeight } = shape;
  const full = count * rowHeight;
  const height = Math.min(full, MAX_PIXELS);
  const limit = Math.max(0, height - viewHeight);
  const scale = full > height ? (full - viewHeight) / limit : 1;
  const offset = Math.min(Math.max(0, scrollTop), limit) * scale;
  const top = row * rowHeight;
  let wanted = offset;
  if (top < offset) wanted = top;
  else if (top + rowHeight > offset + viewHeight) wanted = top + rowHeight - viewHeight;
  return Math.min(limit, wanted / scale);
}
