// Where does each span of a trace stand? Rows of a waterfall, what is folded away, the path that
// decided how long it all took, and the picture of the whole in small.
//
// Spans are columns, not objects: 100,000 of them are laid out in one pass of each kind. Nothing is
// believed of the parents: one that is no span, or goes round in a circle, makes its child a root.

/** Spans of one trace; all arrays have the same length. Times are milliseconds. */
export interface SpanTable {
  readonly start: Float64Array;
  readonly duration: Float64Array;
  /** The index of the parent; below 0: none. */
  readonly parent: Int32Array;
  /** US dollars of the span itself; 0 where nothing is known. */
  readonly cost: Float64Array;
}

export interface TraceLayout {
  readonly count: number;
  /** Of the whole trace; `end` is never before `begin`. */
  readonly begin: number;
  readonly end: number;
  /** Spans in the order of rows: a parent above its children, siblings by their start. */
  readonly order: Int32Array;
  /** By span: its place in `order`, how deep it stands, and how many spans its subtree has, itself
   * included: the subtree is `order[row] … order[row + size - 1]`. */
  readonly rowOf: Int32Array;
  readonly depth: Int32Array;
  readonly size: Int32Array;
  /** By span: the parent after circles and strangers were taken out. */
  readonly parent: Int32Array;
  /** By span: when the last span of its subtree ends, and what the subtree cost. */
  readonly subtreeEnd: Float64Array;
  readonly subtreeCost: Float64Array;
}

export function layOutTrace(spans: SpanTable): TraceLayout {
  const count = spans.start.length;
  const parent = soundParents(spans.parent, count);
  const byStart = startOrder(spans.start);
  const { first, next } = childLists(parent, byStart);
  const order = new Int32Array(count);
  const rowOf = new Int32Array(count);
  const depth = new Int32Array(count);
  let row = 0;
  let at = first[count]!;
  while (at >= 0) {
    order[row] = at;
    rowOf[at] = row++;
    const above = parent[at]!;
    depth[at] = above < 0 ? 0 : depth[above]! + 1;
    if (first[at]! >= 0) {
      at = first[at]!;
    } else {
      while (at >= 0 && next[at]! < 0) at = parent[at]!;
      if (at >= 0) at = next[at]!;
    }
  }
  const size = new Int32Array(count).fill(1);
  const subtreeEnd = new Float64Array(count);
  const subtreeCost = Float64Array.from(spans.cost);
  let begin = Infinity;
  let end = -Infinity;
  for (let span = 0; span < count; span++) {
    subtreeEnd[span] = spans.start[span]! + Math.max(0, spans.duration[span]!);
    begin = Math.min(begin, spans.start[span]!);
    end = Math.max(end, subtreeEnd[span]!);
  }
  for (let place = count - 1; place >= 0; place--) {
    const span = order[place]!;
    const above = parent[span]!;
    if (above < 0) continue;
    size[above]! += size[span]!;
    subtreeCost[above]! += subtreeCost[span]!;
    subtreeEnd[above] = Math.max(subtreeEnd[above]!, subtreeEnd[span]!);
  }
  if (count === 0) begin = end = 0;
  return { count, begin, end, order, rowOf, depth, size, parent, subtreeEnd, subtreeCost };
}

/** The spans that have a row, in order: without what is below a collapsed one, and only the subtree
 * of `focus` if that is a span. */
export function visibleRows(
  layout: TraceLayout,
  collapsed: ReadonlySet<number>,
  focus = -1,
): Int32Array {
  const from = focus < 0 ? 0 : layout.rowOf[focus]!;
  const to = focus < 0 ? layout.count : from + layout.size[focus]!;
  if (collapsed.size === 0) return layout.order.subarray(from, to);
  const rows = new Int32Array(to - from);
  let found = 0;
  for (let row = from; row < to; ) {
    const span = layout.order[row]!;
    rows[found++] = span;
    row += collapsed.has(span) ? layout.size[span]! : 1;
  }
  return rows.subarray(0, found);
}

/** What decided when the trace was over: pieces of spans, the last first. Where nothing ran, there
 * is no piece. */
export interface CriticalPath {
  readonly span: Int32Array;
  readonly from: Float64Array;
  readonly to: Float64Array;
  /** By span: whether it is on the path, and for how many milliseconds. */
  readonly on: Uint8Array;
  readonly share: Float64Array;
}

/**
 * Goes back from the end: whatever ended last before a moment is what everything then waited for.
 *
 * An effect may begin after its cause is over, as an event causes others: so it is the end of a
 * subtree that counts, not that of the span. Effects of what is over did not wait for each other.
 */
export function criticalPath(spans: SpanTable, layout: TraceLayout): CriticalPath {
  const { count, parent, subtreeEnd } = layout;
  const { first, next } = childLists(parent, orderBy(count, (span) => -subtreeEnd[span]!));
  const on = new Uint8Array(count);
  const share = new Float64Array(count);
  const pieces: number[] = [];
  const began = (span: number): number => (span === count ? layout.begin : spans.start[span]!);
  const ended = (span: number): number =>
    span === count ? layout.end : spans.start[span]! + Math.max(0, spans.duration[span]!);
  const piece = (span: number, from: number, until: number): void => {
    const to = Math.min(until, ended(span));
    if (span === count || to < from || (to === from && spans.duration[span]! > 0)) return;
    pieces.push(span, from, to);
    share[span]! += to - from;
  };
  // Of each span on the way down: until when it is looked at, and which child comes next. At the
  // bottom stands what all roots are children of.
  const stack = [count];
  const until = [layout.end];
  const child = [first[count]!];
  while (stack.length > 0) {
    const top = stack.length - 1;
    const span = stack[top]!;
    const moment = until[top]!;
    let candidate = child[top]!;
    // One that ended later held up nobody here; one that began before its cause has another clock.
    while (candidate >= 0 && (subtreeEnd[candidate]! > moment || began(candidate) < began(span))) {
      candidate = next[candidate]!;
    }
    if (candidate >= 0) {
      piece(span, Math.max(began(span), subtreeEnd[candidate]!), moment);
      child[top] = next[candidate]!;
      until[top] = Math.min(began(candidate), ended(span));
      on[candidate] = 1;
      stack.push(candidate);
      until.push(subtreeEnd[candidate]!);
      child.push(first[candidate]!);
    } else {
      piece(span, began(span), moment);
      stack.pop();
      until.pop();
      child.pop();
    }
  }
  const span = new Int32Array(pieces.length / 3);
  const from = new Float64Array(span.length);
  const to = new Float64Array(span.length);
  for (let at = 0; at < span.length; at++) {
    span[at] = pieces[3 * at]!;
    from[at] = pieces[3 * at + 1]!;
    to[at] = pieces[3 * at + 2]!;
  }
  return { span, from, to, on, share };
}

/** How much stands in each cell of a picture of `width` × `height`, row by row: a line of the
 * picture is as many rows of the waterfall as it takes. */
export function minimap(
  spans: SpanTable,
  layout: TraceLayout,
  rows: Int32Array,
  size: { readonly width: number; readonly height: number },
): Uint32Array {
  const { width, height } = size;
  const cells = new Uint32Array(width * height);
  const steps = new Int32Array((width + 1) * height);
  const scale = layout.end > layout.begin ? width / (layout.end - layout.begin) : 0;
  for (let row = 0; row < rows.length; row++) {
    const span = rows[row]!;
    const line = Math.floor((row * height) / Math.max(rows.length, height)) * (width + 1);
    const left = Math.min(width - 1, Math.floor((spans.start[span]! - layout.begin) * scale));
    const wide = Math.max(0, spans.duration[span]!) * scale;
    const right = Math.min(width, left + Math.max(1, Math.ceil(wide)));
    steps[line + left]!++;
    steps[line + right]!--;
  }
  for (let line = 0; line < height; line++) {
    let depth = 0;
    for (let column = 0; column < width; column++) {
      depth += steps[line * (width + 1) + column]!;
      cells[line * width + column] = depth;
    }
  }
  return cells;
}

/** Parents that lead to a root; -1 for all others. */
function soundParents(given: Int32Array, count: number): Int32Array {
  const parent = new Int32Array(count);
  for (let span = 0; span < count; span++) {
    const above = given[span] ?? -1;
    parent[span] = above >= 0 && above < count && above !== span ? above : -1;
  }
  const walk = new Int32Array(count); // by span: the walk that came by, from 1 on
  for (let span = 0; span < count; span++) {
    let at = span;
    while (at >= 0 && walk[at] === 0) {
      walk[at] = span + 1;
      at = parent[at]!;
    }
    if (at >= 0 && walk[at] === span + 1) parent[at] = -1; // back where this walk has been
  }
  return parent;
}

/** Of each span its first child and its next sibling, in the given order; roots are the children of
 * `count`. */
function childLists(
  parent: Int32Array,
  order: Int32Array,
): { readonly first: Int32Array; readonly next: Int32Array } {
  const count = parent.length;
  const first = new Int32Array(count + 1).fill(-1);
  const next = new Int32Array(count).fill(-1);
  for (let place = count - 1; place >= 0; place--) {
    const span = order[place]!;
    const above = parent[span]! < 0 ? count : parent[span]!;
    next[span] = first[above]!;
    first[above] = span;
  }
  return { first, next };
}

function startOrder(start: Float64Array): Int32Array {
  let sorted = true;
  for (let span = 1; span < start.length && sorted; span++) {
    sorted = start[span]! >= start[span - 1]!;
  }
  if (sorted) return orderBy(start.length);
  return orderBy(start.length, (span) => start[span]!);
}

/** All spans by the key, or, without one, as they stand. */
function orderBy(count: number, key?: (span: number) => number): Int32Array {
  const order = new Int32Array(count);
  for (let span = 0; span < count; span++) order[span] = span;
  if (key === undefined) return order;
  const keys = Float64Array.from(order, key);
  return order.sort((one, other) => keys[one]! - keys[other]! || one - other);
}
