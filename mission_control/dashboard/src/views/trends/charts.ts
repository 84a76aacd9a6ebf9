// Which charts are there, and how do the answers become their lines?
import type { Capacity, MachineSample, Trend } from "../../api/schema";

export type Unit = "count" | "percent" | "score";

export interface ChartSpec {
  readonly title: string;
  /** What it tells whoever reads it. */
  readonly about: string;
  readonly unit: Unit;
  readonly lines: readonly { readonly name: string; readonly label: string }[];
}

export const CHARTS: readonly ChartSpec[] = [
  {
    title: "Tool efficacy",
    about: "How well what was tried worked; 100 is best",
    unit: "score",
    lines: [
      { name: "tool_efficacy_score", label: "of the last tasks" },
      { name: "mean_tool_efficacy_score", label: "mean of all" },
    ],
  },
  {
    title: "Tasks that are open",
    about: "How many wait, and how many somebody does",
    unit: "count",
    lines: [
      { name: "tasks_waiting", label: "waiting" },
      { name: "tasks_claimed", label: "being done" },
    ],
  },
  {
    title: "Tasks that ended",
    about: "Between two pulses",
    unit: "count",
    lines: [
      { name: "tasks_completed", label: "completed" },
      { name: "tasks_failed", label: "failed" },
    ],
  },
  { title: "Workers", about: "Who is there to do tasks", unit: "count", lines: [{ name: "workers", label: "workers" }] },
  {
    title: "Behind the log",
    about: "Positions that are not in the tables yet",
    unit: "count",
    lines: [{ name: "ingest_lag", label: "positions" }],
  },
  { title: "Uptime", about: "Of the time since the log began", unit: "percent", lines: [{ name: "uptime_percent", label: "uptime" }] },
  {
    title: "Rules",
    about: "How often the policy forbade something, and a person decided otherwise",
    unit: "count",
    lines: [
      { name: "policy_violations", label: "violations" },
      { name: "human_overrides", label: "overrides" },
    ],
  },
  {
    title: "Confidence",
    about: "How it changed, against the time before",
    unit: "percent",
    lines: [{ name: "confidence_change_percent", label: "change" }],
  },
];

export interface Line {
  readonly label: string;
  /** Seconds since 1970, ascending. */
  readonly times: readonly number[];
  /** null: nothing was measured for a while. */
  readonly values: readonly (number | null)[];
}

/** Longer without a measurement than so many stretches, and than this, is a gap in the line. */
const GAP_STRETCHES = 4;
const MIN_GAP_SECONDS = 900;

export function lineOf(label: string, stretch: number, points: readonly { readonly at: string; readonly value: number }[]): Line {
  const times: number[] = [];
  const values: (number | null)[] = [];
  const gap = Math.max(GAP_STRETCHES * stretch, MIN_GAP_SECONDS);
  for (const { at, value } of points) {
    const time = Date.parse(at) / 1000;
    const last = times.at(-1);
    if (last !== undefined && time - last > gap) {
      times.push(last + stretch);
      values.push(null);
    }
    times.push(time);
    values.push(Number.isFinite(value) ? value : null);
  }
  return { label, times, values };
}

export function trendLine(label: string, answer: Trend): Line {
  return lineOf(label, answer.seconds, answer.points.map((each) => ({ at: each.from_at, value: each.mean })));
}

export function machineLines(answer: Pick<Capacity, "seconds" | "machines">, value: (sample: MachineSample) => number): Line[] {
  return answer.machines.map(({ host, samples }) =>
    lineOf(host, answer.seconds, samples.map((each) => ({ at: each.from_at, value: value(each) }))),
  );
}

export function cpuOf(sample: MachineSample): number {
  return sample.cpu_percent;
}

export function memoryOf(sample: MachineSample): number {
  return sample.memory_limit_bytes > 0 ? (100 * sample.memory_used_bytes) / sample.memory_limit_bytes : Number.NaN;
}

/** All lines over the times of all of them, as uPlot wants it. */
export function table(lines: readonly Line[]): (number | null)[][] {
  const times = [...new Set(lines.flatMap((line) => line.times))].sort((one, other) => one - other);
  const places = new Map(times.map((time, at) => [time, at]));
  const columns = lines.map((line) => {
    const column = new Array<number | null | undefined>(times.length);
    line.times.forEach((time, at) => (column[places.get(time)!] = line.values[at]));
    return column as (number | null)[];
  });
  return [times, ...columns];
}

/** The last value of a line that was measured, at or before a time. */
export function valueAt(line: Line, time: number): number | null {
  for (let at = line.times.length - 1; at >= 0; at--) {
    if (line.times[at]! <= time && line.values[at] !== null) return line.values[at]!;
  }
  return null;
}
