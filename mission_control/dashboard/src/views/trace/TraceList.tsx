// Which traces were there last?
import { useEffect, useState } from "react";
import { api, take } from "../../api/client";
import { useAtPlayhead } from "../../api/moment";
import type { TraceRow } from "../../api/schema";
import { go, useAddress } from "../../stores/address";
import { Chip } from "../../ui/Chip";
import { Command } from "../../ui/Command";
import { count, counted, dollars, duration, milliseconds, words } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { Link } from "../../ui/Link";
import { Answer, Empty } from "../../ui/Note";
import { Panel } from "../../ui/Panel";
import { RowPool } from "../../ui/RowPool";
import { Id, Line } from "../../ui/Text";
import { Ago } from "../../ui/Time";
import { useTimeAt } from "../useTimeAt";
import styles from "./TraceList.module.css";

const LIMIT = 500;
const DAY = 24 * 3_600_000;

export function TraceList() {
  const showsAll = useAddress((address) => address.more["all"] === "yes");
  const until = useTimeAt();
  const ask = ({ signal }: { signal: AbortSignal }) => {
    const day = until === null ? {} : { since: isoOf(until - DAY), until: isoOf(until) };
    const query = { limit: LIMIT, work: !showsAll, ...day };
    return take(api.GET("/api/traces", { params: { query }, signal }));
  };
  const asked = useAtPlayhead(["traces", showsAll], ask, { enabled: until === null || Number.isFinite(until) });
  return (
    <div className={styles.page}>
      <Answer of={asked} what="the traces">
        {({ traces, left_out: isCut }) => (traces.length === 0 ? <NoTraces /> : <Rows traces={traces} isCut={isCut} showsAll={showsAll} />)}
      </Answer>
    </div>
  );
}

function isoOf(time: number): string {
  return new Date(time).toISOString();
}

function NoTraces() {
  return (
    <Empty title="Nobody has done anything yet">
      <p>A trace is all that came of one cause: an agent's decision, a task, an objective. The first appears here as it happens.</p>
      <Command text="python examples/first_agent.py" />
    </Empty>
  );
}

function Rows({ traces, isCut, showsAll }: { traces: readonly TraceRow[]; isCut: boolean; showsAll: boolean }) {
  const q = useAddress((address) => address.q);
  const [cursor, setCursor] = useState(-1);
  const wanted = q.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = traces.filter((each) => {
    const text = `${titleOf(each)} ${each.agents.join(" ")} ${each.trace_id}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
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
      aside={isCut ? `the last ${LIMIT} in 24 h` : `${count(shown.length)} in 24 h`}
      flush
      className={styles.panel}
      actions={
        <>
          <label className={styles.all}>
            <input
              type="checkbox"
              checked={showsAll}
              onChange={(event) => go({ more: { all: event.target.checked ? "yes" : "" } }, { replace: true })}
            />
            What services say of themselves, too
          </label>
        <input
          id="trace-filter"
          type="search"
          className={styles.filter}
          placeholder="Filter by words  /"
          aria-label="Filter the traces that are shown"
          value={q}
          onChange={(event) => go({ q: event.target.value }, { replace: true })}
        />
        </>
      }
    >
      {shown.length === 0 ? (
        <Empty title={isCut ? `None of the last ${LIMIT} traces has these words` : "No trace has these words"} />
      ) : (
        <RowPool
          count={shown.length}
          rowHeight={54}
          label="Traces"
          cursor={cursor}
          keyOf={(at) => shown[at]!.trace_id}
          row={(at) => <TraceLine row={shown[at]!} />}
        />
      )}
    </Panel>
  );
}

function titleOf(row: TraceRow): string {
  return row.decided || words(row.first_kind);
}

function TraceLine({ row }: { row: TraceRow }) {
  const began = milliseconds(row.began_at);
  return (
    <Link to={{ id: row.trace_id }} className={styles.row}>
      <span className={styles.what}>
        <Line text={titleOf(row)} className={styles.title} />
        <span className={styles.facts}>
          <Id id={row.trace_id} max={12} />
          <Line text={row.agents.join(", ")} />
        </span>
      </span>
      {row.failures > 0 && <Chip tone="bad">{`${row.failures} failed`}</Chip>}
      <span className={styles.numbers}>
        <span>{duration(milliseconds(row.ended_at) - began)}</span>
        <span>
          {counted(row.events, "event")}
          {row.decisions > 0 && `, ${counted(row.decisions, "decision")}`}
        </span>
      </span>
      <span className={styles.cost}>{row.cost_usd > 0 ? dollars(row.cost_usd) : ""}</span>
      <span className={styles.when}>
        <Ago time={began} />
      </span>
    </Link>
  );
}
