// The whole trace in small: drag over it to see a part larger, drag the part to move it.
import { type PointerEvent, useMemo, useRef, useState } from "react";
import { minimap } from "../../engine/trace-layout";
import { duration } from "../../ui/format";
import { coloursOf, prepare, type View } from "./drawBars";
import styles from "./Minimap.module.css";
import type { Trace } from "./trace";
import { useRedraw } from "./useRedraw";

const HEIGHT = 44;
const EDGE_PIXELS = 8;
/** A press that moves less is a click: it centres the part there. */
const MIN_SHARE = 0.004;

interface Drag {
  readonly way: "new" | "move" | "left" | "right";
  readonly share: number;
  readonly view: View;
}

export function Minimap(props: { trace: Trace; rows: Int32Array; view: View; onView: (view: View) => void }) {
  const { trace, rows, view, onView } = props;
  const { begin, end } = trace.layout;
  const long = Math.max(end - begin, 1e-6);
  const canvas = useRef<HTMLCanvasElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const drag = useRef<Drag | null>(null);
  const [width, setWidth] = useState(0);
  const cells = useMemo(
    () => (width > 0 ? minimap(trace.spans, trace.layout, rows, { width, height: HEIGHT }) : null),
    [trace, rows, width],
  );
  useRedraw(canvas, (element) => {
    if (element.clientWidth !== width) setWidth(element.clientWidth);
    if (cells !== null && element.clientWidth === width) paint(element, cells, width, rows.length);
  });

  const shareOf = (event: PointerEvent) => {
    const place = box.current!.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - place.left) / place.width));
  };
  const [left, right] = [(view.from - begin) / long, (view.to - begin) / long];
  const start = (event: PointerEvent<HTMLDivElement>) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const share = shareOf(event);
    const edge = EDGE_PIXELS / event.currentTarget.clientWidth;
    const isWhole = left <= 0 && right >= 1;
    let way: Drag["way"] = "new";
    if (!isWhole && Math.abs(share - left) < edge) way = "left";
    else if (!isWhole && Math.abs(share - right) < edge) way = "right";
    else if (!isWhole && share > left && share < right) way = "move";
    drag.current = { way, share, view };
  };
  const move = (event: PointerEvent) => {
    const dragged = drag.current;
    if (dragged === null) return;
    const share = shareOf(event);
    if (dragged.way === "move") {
      const shift = (share - dragged.share) * long;
      onView({ from: dragged.view.from + shift, to: dragged.view.to + shift });
      return;
    }
    const fixed =
      dragged.way === "left" ? (dragged.view.to - begin) / long
      : dragged.way === "right" ? (dragged.view.from - begin) / long
      : dragged.share;
    if (Math.abs(share - fixed) < MIN_SHARE) return;
    onView({ from: begin + Math.min(share, fixed) * long, to: begin + Math.max(share, fixed) * long });
  };
  return (
    <div
      ref={box}
      className={styles.map}
      role="img"
      aria-label={`The whole trace in small; shown are ${duration(view.to - view.from)} of ${duration(long)}`}
      onPointerDown={start}
      onPointerMove={move}
      onPointerUp={() => (drag.current = null)}
      onPointerCancel={() => (drag.current = null)}
      onDoubleClick={() => onView({ from: begin, to: end })}
    >
      <canvas ref={canvas} className={styles.canvas} style={{ height: HEIGHT }} aria-hidden="true" />
      <span className={styles.shade} style={{ left: 0, width: `${Math.max(0, left) * 100}%` }} />
      <span className={styles.shade} style={{ right: 0, width: `${Math.max(0, 1 - right) * 100}%` }} />
      <span className={styles.part} style={{ left: `${left * 100}%`, width: `${(right - left) * 100}%` }} />
    </div>
  );
}

function paint(canvas: HTMLCanvasElement, cells: Uint32Array, width: number, rows: number): void {
  const context = prepare(canvas);
  if (context === null) return;
  const colours = coloursOf(canvas);
  context.fillStyle = colours.hues[0]!;
  const lines = Math.min(rows, HEIGHT);
  const high = HEIGHT / Math.max(lines, 1);
  const most = Math.max(1, rows / HEIGHT);
  for (let line = 0; line < lines; line++) {
    for (let from = 0; from < width; ) {
      const depth = cells[line * width + from]!;
      let to = from + 1;
      while (to < width && cells[line * width + to] === depth) to++;
      if (depth > 0) {
        context.globalAlpha = Math.min(1, 0.6 + (0.4 * depth) / most);
        context.fillRect(from, line * high, to - from, Math.max(1.5, Math.min(high - 0.5, 5)));
      }
      from = to;
    }
  }
}
