// How does the strip look? Bars for how much happened, red for what failed, a line for what it cost.
import type { Stretch, Timeline } from "./scale";

export interface Colours {
  readonly bar: string;
  readonly decision: string;
  readonly failure: string;
  readonly cost: string;
}

export interface Column {
  events: number;
  decisions: number;
  failures: number;
  cost: number;
}

/** How much happened in each column of the picture. Pure. */
export function columnsOf(timeline: Timeline, width: number): Column[] {
  const columns = Array.from({ length: Math.max(1, width) }, () => ({
    events: 0,
    decisions: 0,
    failures: 0,
    cost: 0,
  }));
  const scale = columns.length / (timeline.end - timeline.begin);
  for (const each of timeline.stretches) spread(columns, each, timeline.begin, scale);
  return columns;
}

function spread(columns: Column[], each: Stretch, begin: number, scale: number): void {
  const first = clamp(Math.floor((each.begin - begin) * scale), columns.length);
  const last = Math.max(first, clamp(Math.ceil((each.end - begin) * scale) - 1, columns.length));
  const share = 1 / (last - first + 1);
  for (let at = first; at <= last; at += 1) {
    const column = columns[at];
    if (column === undefined) continue;
    column.events += each.events * share;
    column.decisions += each.decisions * share;
    column.failures += each.failures * share;
    column.cost += each.cost * share;
  }
}

function clamp(value: number, count: number): number {
  return Math.min(Math.max(0, value), count - 1);
}

const COLUMN_PIXELS = 3;
const GAP_PIXELS = 1;

/** Draw it whole; the canvas has the size of its element in device pixels. */
export function draw(canvas: HTMLCanvasElement, timeline: Timeline, colours: Colours): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const ratio = devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  context.scale(ratio, ratio);
  const columns = columnsOf(timeline, Math.floor(width / COLUMN_PIXELS));
  const most = Math.max(1, ...columns.map((each) => each.events));
  // Quiet times are seen beside busy ones: by the root, not by the number itself.
  const high = (value: number) => (value > 0 ? Math.max(1.5, Math.sqrt(value / most) * (height - 4)) : 0);
  columns.forEach((each, index) => {
    const left = index * COLUMN_PIXELS;
    const paint = (value: number, colour: string) => {
      const up = high(value);
      if (up === 0) return;
      context.fillStyle = colour;
      context.fillRect(left, height - up, COLUMN_PIXELS - GAP_PIXELS, up);
    };
    paint(each.events, colours.bar);
    paint(each.decisions, colours.decision);
    paint(each.failures, colours.failure);
  });
  drawCost(context, columns, height, colours.cost);
}

function drawCost(context: CanvasRenderingContext2D, columns: readonly Column[], height: number, colour: string): void {
  const whole = columns.reduce((sum, each) => sum + each.cost, 0);
  if (whole === 0) return;
  let spent = 0;
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.lineJoin = "round";
  context.beginPath();
  columns.forEach((each, index) => {
    spent += each.cost;
    const y = height - 2 - (spent / whole) * (height - 6);
    context[index === 0 ? "moveTo" : "lineTo"](index * COLUMN_PIXELS, y);
  });
  context.stroke();
}
