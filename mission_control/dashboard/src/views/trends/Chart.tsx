// One chart: lines over time. A click shows that moment on every page.
import { useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { showPosition } from "../../stores/playhead";
import { positionAt } from "../../timeline/scale";
import { knownTimeline } from "../../timeline/timeline";
import { clock, compact, count, moment, percent } from "../../ui/format";
import { visibleLine } from "../../ui/hostile";
import { Panel } from "../../ui/Panel";
import { type Line, table, type Unit, valueAt } from "./charts";
import styles from "./Trends.module.css";

const HEIGHT = 170;
const HUES = 5;
const DASHES: readonly number[][] = [[], [6, 4], [2, 3], [9, 3, 2, 3], [1, 2]];

export interface ChartProps {
  readonly title: string;
  readonly about: string;
  readonly unit: Unit;
  readonly lines: readonly Line[];
  /** The first answer is on its way. */
  readonly isPending: boolean;
  /** Seconds since 1970. */
  readonly begin: number;
  readonly end: number;
  /** Seconds since 1970; null: the playhead is at the end. */
  readonly playhead: number | null;
}

export function Chart({ title, about, unit, lines, isPending, begin, end, playhead }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [hovered, setHovered] = useState<number | null>(null);
  const data = useMemo(() => table(lines), [lines]);
  const latest = useRef({ playhead, end });
  latest.current = { playhead, end };
  const names = lines.map((line) => line.label).join("\n");
  const isEmpty = lines.every((line) => line.times.length === 0);

  useEffect(() => {
    const element = box.current;
    if (element === null || isEmpty) return undefined;
    const make = () => {
      plot.current?.destroy();
      plot.current = new uPlot(
        options(element, names.split("\n"), unit, latest, setHovered),
        data as uPlot.AlignedData,
        element,
      );
      plot.current.setScale("x", { min: begin, max: end });
    };
    make();
    const sized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    sized.observe(element);
    const themed = new MutationObserver(make);
    themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", make);
    return () => {
      sized.disconnect();
      themed.disconnect();
      scheme.removeEventListener("change", make);
      plot.current?.destroy();
      plot.current = null;
    };
    // Made anew for other lines only; values are put in below.
  }, [names, unit, isEmpty]);
  useEffect(() => {
    plot.current?.setData(data as uPlot.AlignedData, false);
    plot.current?.setScale("x", { min: begin, max: end });
  }, [data, begin, end, playhead]);

  const time = hovered ?? playhead ?? end;
  return (
    <Panel title={title} aside={about} className={styles.panel}>
      {isEmpty ? (
        <p className={styles.none} style={{ height: HEIGHT }}>
          {isPending ? "Fetching …" : "Nothing was measured in this time."}
        </p>
      ) : (
        <div
          ref={box}
          className={styles.plot}
          role="img"
          aria-label={`${title}: ${lines.map((line) => `${visibleLine(line.label)} ${textOf(valueAt(line, end), unit)}`).join(", ")} last`}
        />
      )}
      <ul className={styles.legend} data-empty={isEmpty || undefined}>
        {lines.map((line, at) => (
          <li key={line.label} data-hue={at % HUES}>
            <svg width="22" height="8" aria-hidden="true">
              <line x1="0" y1="4" x2="22" y2="4" strokeDasharray={DASHES[at % HUES]!.join(" ")} />
            </svg>
            <bdi>{visibleLine(line.label)}</bdi>
            <b>{textOf(valueAt(line, time), unit)}</b>
          </li>
        ))}
        {hovered !== null && <li className={styles.when}>{moment(hovered * 1000, Date.now())}</li>}
      </ul>
    </Panel>
  );
}

function options(
  element: HTMLElement,
  labels: readonly string[],
  unit: Unit,
  latest: { current: { playhead: number | null; end: number } },
  onHover: (time: number | null) => void,
): uPlot.Options {
  const colour = (variable: string) => {
    element.style.color = `var(${variable})`;
    const found = getComputedStyle(element).color;
    element.style.removeProperty("color");
    return found;
  };
  const [text, line, accent] = [colour("--text-faint"), colour("--line"), colour("--accent")];
  const font = `11px ${getComputedStyle(element).fontFamily}`;
  const axis = { stroke: text, font, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1, size: 4 } };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [8, 20, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: "trends" }, drag: { x: false, y: false }, points: { size: 6 } },
    scales: { x: { time: true, auto: false }, y: { range: (_, least, greatest) => rangeOf(least, greatest, unit) } },
    axes: [
      { ...axis, space: 70, size: 26, values: (_, ticks) => timeTexts(ticks) },
      { ...axis, size: 52, values: (_, ticks) => ticks.map((each) => tickText(each, unit)) },
    ],
    series: [
      {},
      ...labels.map((label, at) => ({
        label,
        stroke: colour(`--line-${at % HUES}`),
        width: 1.75,
        dash: [...DASHES[at % HUES]!],
        points: { show: false },
      })),
    ],
    hooks: {
      setCursor: [(plot) => onHover(plot.cursor.left !== undefined && plot.cursor.left >= 0 ? plot.posToVal(plot.cursor.left, "x") : null)],
      draw: [(plot) => drawPlayhead(plot, latest.current.playhead, accent)],
      ready: [(plot) => plot.over.addEventListener("click", () => showTime(plot.posToVal(plot.cursor.left ?? 0, "x")))],
    },
  };
}

function showTime(seconds: number): void {
  showPosition(positionAt(knownTimeline().stretches, seconds * 1000));
}

function drawPlayhead(plot: uPlot, playhead: number | null, colour: string): void {
  if (playhead === null) return;
  const x = plot.valToPos(playhead, "x", true);
  const { left, top, width, height } = plot.bbox;
  if (x < left || x > left + width) return;
  plot.ctx.fillStyle = colour;
  plot.ctx.fillRect(Math.round(x) - 1, top, 2, height);
}

/** From 0, and never flat: a line that stays the same is not a line at the edge. */
export function rangeOf(least: number | null, greatest: number | null, unit: Unit): [number, number] {
  const low = Math.min(0, least ?? 0);
  const high = Math.max(greatest ?? 0, unit === "count" ? 4 : 0);
  if (unit !== "count" && low >= 0) return [0, Math.max(100, high)];
  const room = (high - low || 1) * 0.06;
  return [low < 0 ? low - room : 0, high + room];
}

/** `14:03`, or the day where one begins or a tick is a day. */
function timeTexts(ticks: readonly number[]): string[] {
  const step = (ticks[1] ?? 0) - (ticks[0] ?? 0);
  return ticks.map((tick) => {
    const date = new Date(tick * 1000);
    const isMidnight = date.getHours() === 0 && date.getMinutes() === 0;
    if (step >= 86_400 || isMidnight) return date.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
    return step >= 60 ? clock(tick * 1000).slice(0, 5) : clock(tick * 1000);
  });
}

function tickText(value: number, unit: Unit): string {
  return unit === "percent" ? percent(value) : compact(value);
}

function textOf(value: number | null, unit: Unit): string {
  if (value === null) return "–";
  if (unit === "percent") return percent(value, 1);
  if (unit === "score") return value.toFixed(1);
  return count(Math.round(value * 10) / 10);
}
