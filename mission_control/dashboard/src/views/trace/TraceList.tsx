// Which traces were there last?
import { useEffect, useState } from "react";
import { useAtPlayhead } from "../../api/moment";
import { go, useAddress } from "../../stores/address";
import { Chip } from "../../ui/Chip";
import { Command } from "../../ui/Command";
import { counted, dollars, duration, milliseconds } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { Link } from "../../ui/Link";
import { Answer, Empty } from "../../ui/Note";
import { Panel } from "../../ui/Panel";
import { RowPool } from "../../ui/RowPool";
import { Id, Line } from "../../ui/Text";
import { Ago } from "../../ui/Time";
import { ask } from "../ask";
import styles from "./TraceList.module.css";

interface TraceRow {
  readonly trace_id: string;
  readonly began_at: string;
  readonly ended_at: string;
  readonly events: number;
  readonly spans: number;
  readonly failures: number;
  readonly cost_usd: number | null;
  readonly agents: readonly string[];
  readonly title: string;
}

const LIMIT = 500;

export function TraceList() {
  const asked = useAtPlayhead(["traces"], ({ at, signal }) =>
    ask<{ traces: readonly TraceRow[] }>("/api/traces", { limit: LIMIT, at }, signal),
  );
  return (
    <div className={styles.page}>
      <Answer of={asked} what="the traces">
        {({ traces }) => (traces.length === 0 ? <NoTraces /> : <Rows traces={traces} />)}
      </Answer>
    </div>
  );
}

function NoTraces() {
  return (
    <Empty title="Nobody has done anything yet">
      <p>A trace is all that came of one cause: an agent's decision, a task, an objective. The first appears here as it happens.</p>
      <Command text="python examples/first_agent.py" />
    </Empty>
  );
}

function Rows({ traces }: { traces: readonly TraceRow[] }) {
  const q = useAddress((address) => address.q);
  const [cursor, setCursor] = useState(-1);
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = traces.filter((each) => {
    const text = `${each.title} ${each.agents.join(" ")} ${each.trace_id}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  useEffect(() => setCursor(-1), [q]);
  const open = (at: number) => {
    const row = shown[at];
    if (row !== undefined) go({ id: row.trace_id });
  };
  useKeys([
    { keys: "j", label: "Next trace", group: "Traces", run: () => setCursor((at) => Math.min(shown.length - 1, at + 1)) },
    { keys: "k", label: "Trace before", group: "Traces", run: () => setCursor((at) => Math.max(0, at - 1)) },
    { keys: "Enter", label: "Open the trace", group: "Traces", run: () => open(cursor) },
    { keys: "/", label: "Filter", group: "Traces", run: () => document.getElementById("trace-filter")?.focus() },
  ]);
  return (
    <Panel
      title="Traces"
      aside={traces.length === LIMIT ? `the last ${LIMIT}` : counted(shown.length, "trace")}
      flush
      className={styles.panel}
      actions={
        <input
          id="trace-filter"
          type="search"
          className={styles.filter}
          placeholder="Filter by words  /"
          aria-label="Filter the traces that are shown"
          value={q}
          onChange={(event) => go({ q: event.target.value }, { replace: true })}
        />
      }
    >
      <RowPool
        count={shown.length}
        rowHeight={54}
        label="Traces"
        cursor={cursor}
        keyOf={(at) => shown[at]!.trace_id}
        row={(at) => <TraceLine row={shown[at]!} />}
      />
      {shown.length === 0 && <Empty title="No trace has these words" />}
    </Panel>
  );
}

function TraceLine({ row }: { row: TraceRow }) {
  const began = milliseconds(row.began_at);
  return (
    <Link to={{ id: row.trace_id }} className={styles.row}>
      <span className={styles.what}>
        <Line text={row.title || row.trace_id} className={styles.title} />
        <span className={styles.facts}>
          <Id id={row.trace_id} max={12} />
          <Line text={row.agents.join(", ")} />
        </span>
      </span>
      {row.failures > 0 && <Chip tone="bad">{`${row.failures} failed`}</Chip>}
      <span className={styles.numbers}>
        <span>{duration(milliseconds(row.ended_at) - began)}</span>
        <span>
          {row.spans > 0 && `${counted(row.spans, "span")}, `}
          {counted(row.events, "event")}
        </span>
      </span>
      <span className={styles.cost}>{row.cost_usd === null ? "" : dollars(row.cost_usd)}</span>
      <span className={styles.when}>
        <Ago time={began} />
      </span>
    </Link>
  );
}
