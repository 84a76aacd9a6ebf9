// One trace: as a waterfall, or as a graph of its kinds of steps.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useMemo, useState } from "react";
import { api, take } from "../../api/client";
import { queries } from "../../api/moment";
import { visibleRows } from "../../engine/trace-layout";
import { go, useAddress } from "../../stores/address";
import { useAt } from "../../stores/playhead";
import { Button } from "../../ui/Button";
import { Chip } from "../../ui/Chip";
import { count, counted, dollars, duration } from "../../ui/format";
import { visibleLine } from "../../ui/hostile";
import { useKeys } from "../../ui/keys";
import { Link } from "../../ui/Link";
import { Answer, Empty } from "../../ui/Note";
import { Id, Line } from "../../ui/Text";
import { Clock } from "../../ui/Time";
import { Graph } from "./Graph";
import { Minimap } from "./Minimap";
import { SpanCard } from "./SpanCard";
import { found, headline, indexOfId, type Trace, traceOf } from "./trace";
import styles from "./TracePage.module.css";
import { useView } from "./useView";
import { Waterfall } from "./Waterfall";

const KEYS = "This trace";
/** Above this a trace is not fetched again for each event of the swarm. */
const MAX_LIVE_ITEMS = 5_000;

export function TracePage({ id }: { id: string }) {
  const known = queries.getQueryData<Trace>(["trace", id]);
  const asked = useQuery({
    queryKey: ["trace", id],
    queryFn: async ({ signal }) =>
      traceOf(await take(api.GET("/api/traces/{trace_id}", { params: { path: { trace_id: id } }, signal }))),
    placeholderData: keepPreviousData,
    structuralSharing: false,
    meta: { isLive: (known?.items.length ?? 0) <= MAX_LIVE_ITEMS },
  });
  return (
    <Answer of={asked} what="this trace">
      {(trace) => (trace.items.length === 0 ? <Empty title="Nothing of this trace is on record" /> : <Shown trace={trace} />)}
    </Answer>
  );
}

function Shown({ trace }: { trace: Trace }) {
  const { q, sel, more } = useAddress();
  const at = useAt();
  const isGraph = more["as"] === "graph";
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [showsPath, setShowsPath] = useState(true);
  const opened = more["span"] || sel;
  const cursor = useMemo(() => indexOfId(trace, opened), [trace, opened]);
  const focus = useMemo(() => indexOfId(trace, more["focus"] ?? ""), [trace, more]);
  const collapsed = useMemo(() => {
    const indexes = new Set<number>();
    if (folded.size > 0) trace.items.forEach((item, index) => folded.has(item.id) && indexes.add(index));
    return indexes;
  }, [trace, folded]);
  const rows = useMemo(() => visibleRows(trace.layout, collapsed, focus), [trace, collapsed, focus]);
  const matches = useMemo(() => found(trace, q), [trace, q]);
  const { view, show, pan, zoom } = useView(trace, focus);

  const open = (item: number) => {
    const told = trace.items[item];
    if (told === undefined) return;
    const kept = { ...more, span: told.kind === "span" ? told.id : "" };
    go({ more: kept, sel: told.kind === "event" ? told.id : "" }, { replace: true });
  };
  const fold = (item: number, isFolded: boolean) => {
    const key = trace.items[item]!.id;
    setFolded((before) => {
      const after = new Set(before);
      if (isFolded) after.add(key);
      else after.delete(key);
      return after;
    });
  };
  const step = (rowsOn: number) => {
    const row = rows.indexOf(cursor);
    const next = rows[Math.min(rows.length - 1, Math.max(0, row + rowsOn))];
    if (next !== undefined) open(next);
  };
  const toNext = (way: 1 | -1, isWanted: (item: number) => boolean) => {
    const from = rows.indexOf(cursor);
    for (let row = from + way; row >= 0 && row < rows.length; row += way) {
      if (isWanted(rows[row]!)) return open(rows[row]!);
    }
  };
  const isFailure = (item: number) => trace.items[item]!.isFailure;
  const isFound = (item: number) => matches?.has(item) ?? false;
  const foldOrUp = () => {
    if (cursor < 0) return;
    if (trace.layout.size[cursor]! > 1 && !collapsed.has(cursor)) fold(cursor, true);
    else if (trace.layout.parent[cursor]! >= 0) open(trace.layout.parent[cursor]!);
  };
  const unfoldOrDown = () => {
    if (cursor < 0) return;
    if (collapsed.has(cursor)) fold(cursor, false);
    else if (trace.layout.size[cursor]! > 1) step(1);
  };
  const toggleFocus = () => {
    const key = more["focus"] || cursor < 0 ? "" : trace.items[cursor]!.id;
    go({ more: { ...more, focus: key } }, { replace: true });
  };
  const showAs = (as: string) => go({ more: { ...more, as } }, { replace: true });
  useKeys([
    { keys: "j", label: "Next row", group: KEYS, run: () => step(1) },
    { keys: "k", label: "Row before", group: KEYS, run: () => step(-1) },
    { keys: "h", label: "Fold, or to the row above it", group: KEYS, run: foldOrUp },
    { keys: "l", label: "Unfold, or to the row below", group: KEYS, run: unfoldOrDown },
    { keys: "w", label: "Larger", group: KEYS, run: () => zoom(0.7) },
    { keys: "s", label: "Smaller", group: KEYS, run: () => zoom(1 / 0.7) },
    { keys: "a", label: "Earlier", group: KEYS, run: () => pan(-0.2) },
    { keys: "d", label: "Later", group: KEYS, run: () => pan(0.2) },
    { keys: "[", label: "Failure before", group: KEYS, run: () => toNext(-1, isFailure) },
    { keys: "]", label: "Next failure", group: KEYS, run: () => toNext(1, isFailure) },
    { keys: "n", label: "Next that has the words", group: KEYS, run: () => toNext(1, isFound) },
    { keys: "N", label: "The one before that has the words", group: KEYS, run: () => toNext(-1, isFound) },
    { keys: "f", label: "Only what is below this row, or all", group: KEYS, run: toggleFocus },
    { keys: "c", label: "Show or hide the critical path", group: KEYS, run: () => setShowsPath(!showsPath) },
    { keys: "x", label: "Graph or waterfall", group: KEYS, run: () => showAs(isGraph ? "" : "graph") },
    { keys: "/", label: "Find words", group: KEYS, run: () => document.getElementById("trace-words")?.focus() },
  ]);
  const hearKey = (event: KeyboardEvent) => {
    const run = {
      ArrowDown: () => step(1),
      ArrowUp: () => step(-1),
      ArrowLeft: foldOrUp,
      ArrowRight: unfoldOrDown,
      PageDown: () => step(15),
      PageUp: () => step(-15),
      Home: () => step(-rows.length),
      End: () => step(rows.length),
    }[event.key];
    if (run === undefined || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    event.preventDefault();
    run();
  };
  return (
    <div className={styles.page} data-beside={sel !== "" || undefined}>
      <Head
        trace={trace}
        isGraph={isGraph}
        showsPath={showsPath}
        q={q}
        found={matches?.size}
        isFocused={focus >= 0}
        onPath={() => setShowsPath(!showsPath)}
        onAs={showAs}
        onFocus={toggleFocus}
      />
      <div className={styles.body}>
        <div className={styles.chart}>
          {isGraph ? (
            <Graph trace={trace} showsPath={showsPath} cursor={cursor} onOpen={open} />
          ) : (
            <>
              <Minimap trace={trace} rows={rows} view={view} onView={show} />
              <Waterfall
                {...{ trace, rows, collapsed, matches, view, cursor, at, showsPath }}
                onOpen={open}
                onFold={fold}
                onKey={hearKey}
              />
            </>
          )}
        </div>
        {more["span"] && cursor >= 0 && (
          <SpanCard trace={trace} item={cursor} onClose={() => go({ more: { ...more, span: "" } }, { replace: true })} />
        )}
      </div>
    </div>
  );
}

function Head(props: {
  trace: Trace;
  isGraph: boolean;
  showsPath: boolean;
  q: string;
  found: number | undefined;
  isFocused: boolean;
  onPath: () => void;
  onAs: (as: string) => void;
  onFocus: () => void;
}) {
  const { trace, isGraph, showsPath, q } = props;
  const { totals } = trace;
  const title = useMemo(() => headline(trace), [trace]);
  const onPath = trace.path.on.reduce((sum, each) => sum + each, 0);
  const ran = trace.path.share.reduce((sum, each) => sum + each, 0);
  return (
    <header className={styles.head}>
      <div className={styles.first}>
        <Link to={{ id: "", more: {}, sel: "", q: "" }} className={styles.back} label="All traces">
          Traces
        </Link>
        <Line text={title} className={styles.title} />
        <Id id={trace.id} />
        {trace.jaegerUrl !== null && (
          <a href={trace.jaegerUrl} target="_blank" rel="noreferrer noopener" className={styles.jaeger}>
            Open in Jaeger
          </a>
        )}
      </div>
      <div className={styles.second}>
        <span className={styles.facts}>
          <b>{duration(totals.duration)}</b>
          <span>
            from <Clock time={trace.layout.begin} />
          </span>
          {totals.spans > 0 && <span>{counted(totals.spans, "span")}</span>}
          <span>{counted(totals.events, "event")}</span>
          {totals.hasCost && <span>{dollars(totals.cost)}</span>}
          {totals.failures > 0 && <Chip tone="bad">{`${count(totals.failures)} failed`}</Chip>}
          {trace.gaps.map((each) => (
            <Chip key={each.name} tone="warn" title={visibleLine(each.why)}>
              {each.name}
            </Chip>
          ))}
        </span>
        <span className={styles.actions}>
          <input
            id="trace-words"
            type="search"
            className={styles.words}
            placeholder="Find words  /"
            aria-label="Find words in this trace"
            value={q}
            onChange={(event) => go({ q: event.target.value }, { replace: true })}
          />
          {props.found !== undefined && <span className={styles.found} role="status">{`${count(props.found)} found`}</span>}
          {props.isFocused && (
            <Button kind="quiet" onClick={props.onFocus} keys="f">
              Show all of it
            </Button>
          )}
          <Button
            aria-pressed={showsPath}
            onClick={props.onPath}
            title={`What decided when it was over: ${counted(onPath, "step")}, of which spans ran ${duration(ran)} (c)`}
            className={styles.toggle ?? ""}
          >
            Critical path
          </Button>
          <span className={styles.modes} role="group" aria-label="Show as">
            <button type="button" aria-pressed={!isGraph} onClick={() => props.onAs("")}>
              Waterfall
            </button>
            <button type="button" aria-pressed={isGraph} onClick={() => props.onAs("graph")}>
              Graph
            </button>
          </span>
        </span>
      </div>
    </header>
  );
}
