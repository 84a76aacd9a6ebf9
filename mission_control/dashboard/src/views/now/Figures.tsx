// The few figures that say whether it goes well.
import type { ReactNode } from "react";
import type { Summary } from "../../api/schema";
import { useAt } from "../../stores/playhead";
import { Link } from "../../ui/Link";
import { compact, count, percent } from "../../ui/format";
import { Meter } from "../../ui/Meter";
import styles from "./Figures.module.css";

const LAG_TO_WORRY = 1_000;

export function Figures({ summary }: { summary: Summary }) {
  const { tes, lag, pulse, alarms } = summary;
  const machine = busiest(summary);
  const isLive = useAt() === null;
  const warnings = alarms.filter((each) => each.severity !== "info").length;
  return (
    <section className={styles.figures} aria-label="Figures">
      <Figure name="Uptime" value={summary.uptime_percent == null ? "–" : percent(summary.uptime_percent, 1)}>
        operational
      </Figure>
      <Figure name="Tool efficacy" value={tes.mean == null ? "–" : tes.mean.toFixed(0)}>
        {tes.mean == null ? "no task has ended yet" : <Trend value={tes.trend} tasks={tes.tasks} />}
      </Figure>
      <Figure name="Queue" value={count(summary.queue_depth)}>
        <Link to={{ view: "tasks", id: "" }}>{queueWords(summary)}</Link>
      </Figure>
      <Figure name="Behind the log" value={lag == null ? "–" : compact(lag)} tone={lag != null && lag > LAG_TO_WORRY ? "warn" : undefined}>
        {lag == null ? (isLive ? "not known" : "known live only") : lag === 0 ? "all is recorded" : "positions"}
      </Figure>
      <Figure name="Alerts" value={count(warnings)} tone={warnings ? "warn" : undefined}>
        in the last hour
      </Figure>
      <Figure name="Advice" value={pulse ? capital(pulse.recommendation) : "–"}>
        {pulse ? `of pulse ${count(pulse.number)}` : "no pulse yet"}
      </Figure>
      <div className={styles.figure}>
        <span className={styles.name}>{machine ? machine.host : "Machine"}</span>
        {machine ? (
          <div className={styles.meters}>
            <Meter name="CPU" percent={machine.cpu_percent} />
            <Meter name="RAM" percent={machine.memory_percent} />
          </div>
        ) : (
          <span className={styles.more}>no sample yet</span>
        )}
      </div>
    </section>
  );
}

function Figure(props: { name: string; value: string; tone?: string | undefined; children: ReactNode }) {
  return (
    <div className={styles.figure} data-tone={props.tone}>
      <span className={styles.name}>{props.name}</span>
      <span className={styles.value}>{props.value}</span>
      <span className={styles.more}>{props.children}</span>
    </div>
  );
}

function Trend({ value, tasks }: { value: number; tasks: number }) {
  const rounded = Math.round(value);
  const way = rounded > 0 ? `▲ ${rounded}` : rounded < 0 ? `▼ ${-rounded}` : "steady";
  return (
    <>
      <span data-way={Math.sign(rounded)} className={styles.trend}>
        {way}
      </span>
      , last {count(tasks)} tasks
    </>
  );
}

function queueWords(summary: Summary): string {
  const claimed = summary.tasks["claimed"] ?? 0;
  return claimed > 0 ? `${count(claimed)} being done` : "tasks wait";
}

/** The machine with the least left. */
function busiest(summary: Summary) {
  const share = (each: Summary["machines"][number]) => Math.max(each.cpu_percent, each.memory_percent);
  return summary.machines.reduce<Summary["machines"][number] | null>(
    (most, each) => (most === null || share(each) > share(most) ? each : most),
    null,
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
