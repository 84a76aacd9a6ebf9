// How did it go? What pulses and machines measured, over time.
import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, take } from "../../api/client";
import { go, useAddress } from "../../stores/address";
import { ProblemNote } from "../../ui/Note";
import { useTimeAt } from "../useTimeAt";
import { Chart } from "./Chart";
import { CHARTS, type ChartSpec, cpuOf, machineLines, memoryOf, trendLine } from "./charts";
import styles from "./Trends.module.css";

const RANGES = [
  { name: "1 h", seconds: 3_600 },
  { name: "6 h", seconds: 6 * 3_600 },
  { name: "24 h", seconds: 86_400 },
  { name: "7 d", seconds: 7 * 86_400 },
] as const;
const POINTS = 300;
const AGAIN_MILLISECONDS = 30_000;

interface Stretch {
  /** Seconds since 1970. */
  readonly begin: number;
  readonly end: number;
  readonly playhead: number | null;
  readonly isLive: boolean;
}

export default function Trends() {
  const more = useAddress((address) => address.more);
  const range = RANGES.find((each) => each.name === more["range"]) ?? RANGES[1];
  const stretch = useStretch(range.seconds, useTimeAt());
  return (
    <div className={styles.page}>
      <div className={styles.ranges} role="group" aria-label="How long">
        {RANGES.map((each) => (
          <button
            key={each.name}
            type="button"
            aria-pressed={each === range}
            onClick={() => go({ more: { ...more, range: each.name } }, { replace: true })}
          >
            {each.name}
          </button>
        ))}
        <span className={styles.hint}>Click into a chart to show that moment everywhere</span>
      </div>
      <div className={styles.charts}>
        <Machines stretch={stretch} />
        {CHARTS.map((each) => (
          <Trend key={each.title} spec={each} stretch={stretch} />
        ))}
      </div>
    </div>
  );
}

/** Up to now, or with the playhead in view: three quarters of it before. */
function useStretch(seconds: number, shown: number | null): Stretch {
  const tick = Math.floor(Date.now() / AGAIN_MILLISECONDS);
  return useMemo(() => {
    const now = Date.now() / 1000;
    // Of a position whose time nobody knows yet, what is now.
    if (shown === null || !Number.isFinite(shown)) return { begin: now - seconds, end: now, playhead: null, isLive: true };
    const playhead = shown / 1000;
    const end = Math.min(now, playhead + seconds / 4);
    return { begin: end - seconds, end, playhead, isLive: false };
  }, [seconds, shown, tick]);
}

function parametersOf(stretch: Stretch) {
  return { since: isoOf(stretch.begin), until: isoOf(stretch.end), points: POINTS };
}

function isoOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function keyOf(stretch: Stretch): readonly unknown[] {
  return stretch.isLive ? ["live", stretch.end - stretch.begin] : [Math.round(stretch.begin), Math.round(stretch.end)];
}

function Trend({ spec, stretch }: { spec: ChartSpec; stretch: Stretch }) {
  const answers = useQueries({
    queries: spec.lines.map(({ name }) => ({
      queryKey: ["trend", name, ...keyOf(stretch)],
      queryFn: ({ signal }: { signal: AbortSignal }) => take(api.GET("/api/trends", { params: { query: { name, ...parametersOf(stretch) } }, signal })),
      placeholderData: keepPreviousData,
      refetchInterval: stretch.isLive ? AGAIN_MILLISECONDS : (false as const),
    })),
  });
  const stamp = answers.map((each) => each.dataUpdatedAt).join();
  const lines = useMemo(
    () => spec.lines.map(({ label }, at) => (answers[at]?.data ? trendLine(label, answers[at].data) : { label, times: [], values: [] })),
    [spec, stamp],
  );
  const failed = answers.find((each) => each.error && each.data === undefined);
  if (failed) return <ProblemNote error={failed.error} what={spec.title.toLowerCase()} />;
  return <Chart title={spec.title} about={spec.about} unit={spec.unit} lines={lines} isPending={answers.some((each) => each.isPending)} {...stretch} />;
}

function Machines({ stretch }: { stretch: Stretch }) {
  const asked = useQuery({
    queryKey: ["capacity", ...keyOf(stretch)],
    queryFn: ({ signal }) => take(api.GET("/api/capacity", { params: { query: parametersOf(stretch) }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: stretch.isLive ? AGAIN_MILLISECONDS : false,
  });
  const cpu = useMemo(() => (asked.data ? machineLines(asked.data, cpuOf) : []), [asked.data]);
  const memory = useMemo(() => (asked.data ? machineLines(asked.data, memoryOf) : []), [asked.data]);
  if (asked.error && asked.data === undefined) return <ProblemNote error={asked.error} what="the machines" />;
  return (
    <>
      <Chart title="Processors" about="How busy each machine was" unit="percent" lines={cpu} isPending={asked.isPending} {...stretch} />
      <Chart title="Memory" about="Of what each machine may use" unit="percent" lines={memory} isPending={asked.isPending} {...stretch} />
    </>
  );
}
