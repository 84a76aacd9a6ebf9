// What does the swarm decide and do, line by line? The stream as it comes, or what stood before the
// playhead; and a search over everything that was ever recorded.
import { useMemo, useRef, useState } from "react";
import { go, useAddress } from "../../stores/address";
import { useLive } from "../../stores/live";
import type { LiveEvent } from "../../stores/liveEvent";
import { useAt } from "../../stores/playhead";
import { Button } from "../../ui/Button";
import { Command } from "../../ui/Command";
import { count, counted } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { Empty, ProblemNote } from "../../ui/Note";
import { RowPool } from "../../ui/RowPool";
import { EventRow, useRowHeight } from "./EventRow";
import { isEmpty, matches, parseFilter } from "./filter";
import styles from "./live.module.css";
import { useHistory } from "./history";
import { useSearch } from "./search";
import { Toolbar } from "./Toolbar";
import { useHeld } from "./held";

/** Scrolled further than that, somebody reads: nothing moves under them. */
const READING_PIXELS = 16;

export default function LivePage() {
  const at = useAt();
  const q = useAddress((address) => address.q);
  const isSearch = useAddress((address) => address.more["in"] === "all");
  const filter = useMemo(() => parseFilter(q), [q]);
  const held = useHeld(filter, at === null && !isSearch);
  const history = useHistory(at);
  const search = useSearch(filter, isSearch);

  const source = isSearch ? search.events : at === null ? held.events : history.events;
  const rows = useMemo(() => newestFirst(source, isSearch ? null : filter), [source, filter, isSearch]);
  const [cursor, setCursor] = useCursor(rows);
  const view = useRef<HTMLDivElement>(null);
  const rowHeight = useRowHeight();

  const follow = () => {
    if (view.current) view.current.scrollTop = 0;
    held.release();
  };
  const openRow = (event: LiveEvent | undefined) => event && go({ sel: event.eventId });
  useKeys([
    { keys: "p", label: held.isHeld ? "Go on" : "Hold the stream", run: held.isHeld ? follow : held.hold },
    { keys: "j", label: "Next row", run: () => step(1) },
    { keys: "k", label: "Row before", run: () => step(-1) },
    { keys: "ArrowDown", label: "Next row", run: () => step(1) },
    { keys: "ArrowUp", label: "Row before", run: () => step(-1) },
    { keys: "Enter", label: "Open the event", run: () => openRow(rows[cursor]) },
  ]);
  const step = (by: number) => {
    if (at === null && !isSearch) held.hold();
    setCursor(Math.min(rows.length - 1, Math.max(0, cursor + by)));
  };

  const problem = isSearch ? search.error : at === null ? null : history.error;
  return (
    <div className={styles.page}>
      <Toolbar q={q} isSearch={isSearch} events={source}>
        {at === null && !isSearch && (
          <Button icon={held.isHeld ? "play" : "pause"} keys="p" onClick={held.isHeld ? follow : held.hold}>
            {held.isHeld ? "Go on" : "Hold"}
          </Button>
        )}
      </Toolbar>
      <div className={styles.list}>
        {held.isHeld && (
          <button type="button" className={styles.fresh} onClick={follow} data-any={held.fresh > 0 || undefined}>
            {held.fresh > 0 ? `${count(held.fresh)} new` : "Held: nothing new yet"}
          </button>
        )}
        {problem ? (
          <ProblemNote error={problem} what="these events" />
        ) : rows.length === 0 ? (
          <Nothing isFiltered={!isEmpty(filter)} isSearch={isSearch} isPending={search.isPending || history.isPending} />
        ) : (
          <RowPool
            viewRef={view}
            label="Events, the newest first"
            count={rows.length}
            rowHeight={rowHeight}
            cursor={cursor}
            keyOf={(index) => rows[index]?.sequence ?? index}
            onScroll={(scrollTop) => {
              if (at === null && !isSearch && scrollTop > READING_PIXELS) held.hold();
            }}
            row={(index) => {
              const event = rows[index];
              return event && <EventRow event={event} q={q} />;
            }}
          />
        )}
      </div>
      <p className={styles.foot}>
        {!search.isPending && <Foot shown={rows.length} isSearch={isSearch} more={search.hasMore} onMore={search.more} />}
      </p>
    </div>
  );
}

function newestFirst(events: readonly LiveEvent[], filter: ReturnType<typeof parseFilter> | null): LiveEvent[] {
  const found: LiveEvent[] = [];
  for (let at = events.length - 1; at >= 0; at -= 1) {
    const event = events[at];
    if (event !== undefined && (filter === null || matches(filter, event))) found.push(event);
  }
  return found;
}

/** The row that the keys stand on: it stays with its event while others come. */
function useCursor(rows: readonly LiveEvent[]): [number, (index: number) => void] {
  const [position, setPosition] = useState(0);
  const found = position ? rows.findIndex((each) => each.sequence === position) : -1;
  return [found, (index) => setPosition(rows[index]?.sequence ?? 0)];
}

function Foot(props: { shown: number; isSearch: boolean; more: boolean; onMore: () => void }) {
  const kept = useLive((live) => live.events.length);
  const missed = useLive((live) => live.missed);
  const isLive = useAt() === null;
  if (props.isSearch)
    return (
      <>
        {counted(props.shown, "event")} of everything on record{" "}
        {props.more && <Button onClick={props.onMore}>Earlier ones</Button>}
      </>
    );
  return (
    <>
      {isLive
        ? `${counted(props.shown, "event")} shown of the last ${count(kept)}; the search goes over everything.`
        : `${counted(props.shown, "event")} up to this moment; the search goes over everything.`}
      {isLive && missed !== null && ` Positions ${count(missed.first)} to ${count(missed.last)} went by unseen.`}
    </>
  );
}

function Nothing({ isFiltered, isSearch, isPending }: { isFiltered: boolean; isSearch: boolean; isPending: boolean }) {
  if (isPending) return <Empty title="Looking …" />;
  if (isSearch) return <Empty title="Nothing on record says so" />;
  if (isFiltered)
    return (
      <Empty title="None of the last events is like that">
        <p>Search everything to look further back, or wait: what comes is filtered, too.</p>
      </Empty>
    );
  return (
    <Empty title="Nothing has come yet">
      <p>Give the swarm something to do, and watch it come:</p>
      <Command text='ganglion objectives add "Say hello"' />
    </Empty>
  );
}
