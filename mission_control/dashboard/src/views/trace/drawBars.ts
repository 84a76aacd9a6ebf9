// How do the bars of a waterfall look? Drawn on a canvas; the text beside them is not.
import type { CriticalPath } from "../../engine/trace-layout";
import type { Trace } from "./trace";
import { hueOf, HUES } from "./trace";
import { duration } from "../../ui/format";

export interface Colours {
  readonly hues: readonly string[];
  readonly bad: string;
  readonly path: string;
  readonly text: string;
  readonly line: string;
  readonly surface: string;
}

export interface View {
  /** Milliseconds since 1970 at the left and the right edge. */
  readonly from: number;
  readonly to: number;
}

export interface Bars {
  readonly trace: Trace;
  /** Items in the order of rows, of which those from `first` to before `end` are drawn. */
  readonly rows: Int32Array;
  readonly first: number;
  readonly end: number;
  readonly rowHeight: number;
  readonly view: View;
  readonly ticks: readonly number[];
  readonly path: CriticalPath | null;
  readonly isDim: (item: number) => boolean;
}

const BAR = 12;
const DIAMOND = 4.5;
const MAX_DIAMONDS = 300;

export function drawBars(canvas: HTMLCanvasElement, bars: Bars, colours: Colours): void {
  const context = prepare(canvas);
  if (context === null) return;
  const width = canvas.clientWidth;
  const { trace, view, rowHeight } = bars;
  const scale = width / Math.max(view.to - view.from, 1e-6);
  const x = (time: number) => (time - view.from) * scale;
  context.fillStyle = colours.line;
  for (const tick of bars.ticks) context.fillRect(Math.round(x(tick)), 0, 1, canvas.clientHeight);
  context.font = `11px ${getComputedStyle(canvas).fontFamily}`;
  context.textBaseline = "middle";
  for (let row = bars.first; row < bars.end; row++) {
    const item = bars.rows[row]!;
    const { kind, source, isFailure } = trace.items[item]!;
    const middle = (row - bars.first + 0.5) * rowHeight;
    const colour = isFailure ? colours.bad : colours.hues[hueOf(trace, source)]!;
    const left = x(trace.spans.start[item]!);
    const long = Math.max(0, trace.spans.duration[item]!);
    const right = x(trace.spans.start[item]! + long);
    context.globalAlpha = bars.isDim(item) ? 0.3 : 1;
    if (kind === "event" && long === 0) {
      diamond(context, left, middle, colour, colours.surface);
      if (isFailure) cross(context, left + 12, middle, colours.bad);
      if (bars.path?.on[item] === 1) pathLine(context, left - 6, left + 6, middle, colours);
      continue;
    }
    const from = Math.max(left, -4);
    const to = Math.min(Math.max(right, left + 2), width + 4);
    if (to > 0 && from < width) {
      context.fillStyle = colour;
      context.beginPath();
      context.roundRect(from, middle - BAR / 2, to - from, BAR, Math.min(3, (to - from) / 2));
      context.fill();
    }
    eventsOn(context, bars, item, middle, x, colours);
    label(context, duration(long), { left: from, right: to, middle, width }, isFailure ? colours.bad : colours.text);
  }
  context.globalAlpha = 1;
  if (bars.path !== null) drawPath(context, bars, bars.path, x, width, colours);
}

/** The pieces of the critical path below the bars that are drawn. */
function drawPath(
  context: CanvasRenderingContext2D,
  bars: Bars,
  path: CriticalPath,
  x: (time: number) => number,
  width: number,
  colours: Colours,
): void {
  const drawn = new Map<number, number>();
  for (let row = bars.first; row < bars.end; row++) {
    if (path.on[bars.rows[row]!] === 1) drawn.set(bars.rows[row]!, row);
  }
  for (let piece = 0; piece < path.span.length && drawn.size > 0; piece++) {
    const row = drawn.get(path.span[piece]!);
    if (row === undefined || path.to[piece]! <= path.from[piece]!) continue;
    const left = Math.max(0, x(path.from[piece]!));
    const right = Math.min(width, Math.max(x(path.to[piece]!), left + 2));
    if (right > left) pathLine(context, left, right, (row - bars.first + 0.5) * bars.rowHeight, colours);
  }
}

function pathLine(context: CanvasRenderingContext2D, left: number, right: number, middle: number, colours: Colours): void {
  context.fillStyle = colours.path;
  context.fillRect(left, middle + BAR / 2 + 1, right - left, 2.5);
}

/** What happened within a span, on its bar. */
function eventsOn(
  context: CanvasRenderingContext2D,
  bars: Bars,
  item: number,
  middle: number,
  x: (time: number) => number,
  colours: Colours,
): void {
  let last = Number.NEGATIVE_INFINITY;
  let drawn = 0;
  for (const event of bars.trace.events[item] ?? []) {
    const at = x(bars.trace.spans.start[event]!);
    if (at - last < 3 || at < 0) continue;
    if (++drawn > MAX_DIAMONDS) return;
    last = at;
    const isFailure = bars.trace.items[event]!.isFailure;
    diamond(context, at, middle, isFailure ? colours.bad : colours.text, colours.surface);
  }
}

function diamond(context: CanvasRenderingContext2D, x: number, y: number, colour: string, edge: string): void {
  context.beginPath();
  context.moveTo(x, y - DIAMOND);
  context.lineTo(x + DIAMOND, y);
  context.lineTo(x, y + DIAMOND);
  context.lineTo(x - DIAMOND, y);
  context.closePath();
  context.fillStyle = colour;
  context.strokeStyle = edge;
  context.lineWidth = 1.5;
  context.stroke();
  context.fill();
}

function cross(context: CanvasRenderingContext2D, x: number, y: number, colour: string): void {
  context.strokeStyle = colour;
  context.lineWidth = 1.8;
  context.beginPath();
  context.moveTo(x - 3, y - 3);
  context.lineTo(x + 3, y + 3);
  context.moveTo(x + 3, y - 3);
  context.lineTo(x - 3, y + 3);
  context.stroke();
}

function label(
  context: CanvasRenderingContext2D,
  text: string,
  bar: { left: number; right: number; middle: number; width: number },
  colour: string,
): void {
  const long = context.measureText(text).width;
  context.fillStyle = colour;
  if (bar.right > 0 && bar.right + 6 + long < bar.width) context.fillText(text, Math.max(0, bar.right) + 6, bar.middle);
  else if (bar.left - 6 - long > 0) context.fillText(text, Math.min(bar.left, bar.width) - 6 - long, bar.middle);
}

/** Sized for the screen it is on, and empty. */
export function prepare(canvas: HTMLCanvasElement): CanvasRenderingContext2D | null {
  const context = canvas.getContext("2d");
  if (context === null) return null;
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(canvas.clientWidth * ratio);
  canvas.height = Math.round(canvas.clientHeight * ratio);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/** The colours of now; a canvas knows no variables. */
export function coloursOf(element: HTMLElement): Colours {
  const of = (variable: string) => {
    element.style.color = `var(${variable})`;
    const colour = getComputedStyle(element).color;
    element.style.removeProperty("color");
    return colour;
  };
  return {
    hues: Array.from({ length: HUES }, (_, hue) => of(`--hue-${hue}`)),
    bad: of("--bad"),
    path: of("--text"),
    text: of("--text-soft"),
    line: of("--line"),
    surface: of("--surface"),
  };
}

/** Round times within the view, as many as there is room for. */
export function ticksOf(view: View, origin: number, most: number): number[] {
  const long = view.to - view.from;
  if (!(long > 0)) return [];
  const rough = long / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(rough));
  const steps = rough < 60_000 ? [1, 2, 5, 10].map((each) => each * power) : ROUND_MINUTES;
  const step = steps.find((each) => each >= rough) ?? steps.at(-1)! * Math.ceil(rough / steps.at(-1)!);
  const ticks: number[] = [];
  for (let tick = Math.ceil((view.from - origin) / step) * step; tick <= view.to - origin; tick += step) {
    ticks.push(origin + tick);
  }
  return ticks;
}

const ROUND_MINUTES = [1, 2, 5, 10, 30, 60, 120, 360, 720, 1440].map((each) => each * 60_000);
