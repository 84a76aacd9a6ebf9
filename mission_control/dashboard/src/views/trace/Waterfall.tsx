// The waterfall of a trace: text in rows that a screen reader finds, bars on a canvas behind them.
// Only the rows on screen are there.
import { type KeyboardEvent, memo, useEffect, useLayoutEffect, useRef, useState } from "react";
import { dollars, duration } from "../../ui/format";
import { visibleLine } from "../../ui/hostile";
import { rowWindow, scrollTopFor } from "../../ui/rowWindow";
import { coloursOf, drawBars, ticksOf, type View } from "./drawBars";
import { hueOf, type Trace } from "./trace";
import { useRedraw } from "./useRedraw";
import styles from "./Waterfall.module.css";

const ROW_HEIGHT = 28;
const TICK_PIXELS = 110;

export interface WaterfallProps {
  readonly trace: Trace;
  /** Items in the order of rows. */
  readonly rows: Int32Array;
  readonly collapsed: ReadonlySet<number>;
  readonly matches: ReadonlySet<number> | null;
  readonly view: View;
  /** The item with the cursor; below 0: none. */
  readonly cursor: number;
  /** Items that were recorded later are faint; null: none is. */
  readonly at: number | null;
  readonly showsPath: boolean;
  readonly onOpen: (item: number) => void;
  readonly onFold: (item: number, folded: boolean) => void;
  readonly onKey: (event: KeyboardEvent) => void;
}

export function Waterfall(props: WaterfallProps) {
  const { trace, rows, collapsed, matches, view, cursor, at, showsPath, onOpen, onFold } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const [size, setSize] = useState({ height: 600, bars: 600 });
  const cursorRow = cursor < 0 ? -1 : rows.indexOf(cursor);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const watcher = new ResizeObserver(() =>
      setSize({ height: element.clientHeight, bars: canvas.current?.clientWidth ?? 600 }),
    );
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);

  const shape = { count: rows.length, rowHeight: ROW_HEIGHT, viewHeight: size.height };
  useEffect(() => {
    const element = scroller.current;
    if (element === null || cursorRow < 0) return;
    const wanted = scrollTopFor(shape, element.scrollTop, cursorRow);
    if (wanted !== element.scrollTop) element.scrollTop = wanted;
  }, [cursorRow]);

  const shown = rowWindow(shape, scrollTop);
  const ticks = ticksOf(view, trace.layout.begin, Math.floor(size.bars / TICK_PIXELS));
  const isDim = (item: number) =>
    (matches !== null && !matches.has(item)) || (at !== null && trace.items[item]!.sequence > at);
  useRedraw(canvas, (element) =>
    drawBars(
      element,
      {
        trace, rows, view, ticks, isDim,
        first: shown.first,
        end: shown.end,
        rowHeight: ROW_HEIGHT,
        path: showsPath ? trace.path : null,
      },
      coloursOf(element),
    ),
  );

  const indexes = Array.from({ length: Math.max(0, shown.end - shown.first) }, (_, place) => shown.first + place);
  const isInSight = cursorRow >= shown.first && cursorRow < shown.end;
  const hasCost = trace.totals.hasCost;
  return (
    <div className={styles.waterfall} data-cost={hasCost || undefined}>
      <div className={styles.head} aria-hidden="true">
        <span>What</span>
        <span className={styles.number}>Took</span>
        {hasCost && <span className={styles.number}>Cost</span>}
        <div className={styles.ruler}>
          {ticks.map((tick) => (
            <span key={tick} style={{ left: `${((tick - view.from) / (view.to - view.from)) * 100}%` }}>
              {duration(tick - trace.layout.begin)}
            </span>
          ))}
        </div>
      </div>
      <div
        ref={scroller}
        className={styles.scroller}
        role="treegrid"
        aria-label="Spans and events of the trace"
        aria-rowcount={rows.length}
        aria-colcount={hasCost ? 3 : 2}
        aria-activedescendant={isInSight ? `row-${cursorRow}` : undefined}
        tabIndex={0}
        onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
        onKeyDown={props.onKey}
      >
        <div className={styles.all} role="presentation" style={{ height: shown.height }}>
          <div className={styles.window} role="presentation" style={{ transform: `translateY(${shown.top}px)` }}>
            <canvas
              ref={canvas}
              className={styles.bars}
              style={{ height: indexes.length * ROW_HEIGHT }}
              aria-hidden="true"
            />
            {indexes.map((row) => {
              const item = rows[row]!;
              return (
                <Row
                  key={item}
                  trace={trace}
                  item={item}
                  row={row}
                  isCursor={item === cursor}
                  isDim={isDim(item)}
                  isFolded={collapsed.has(item)}
                  isOnPath={showsPath && trace.path.on[item] === 1}
                  hasCost={hasCost}
                  onOpen={onOpen}
                  onFold={onFold}
                />
              );
            })}
          </div>
        </div>
      </div>
    </div>
  );
}

interface RowProps {
  readonly trace: Trace;
  readonly item: number;
  readonly row: number;
  readonly isCursor: boolean;
  readonly isDim: boolean;
  readonly isFolded: boolean;
  readonly isOnPath: boolean;
  readonly hasCost: boolean;
  readonly onOpen: (item: number) => void;
  readonly onFold: (item: number, folded: boolean) => void;
}

const MAX_INDENT = 14;

const Row = memo(function Row(props: RowProps) {
  const { trace, item, row, isCursor, isDim, isFolded, isOnPath, hasCost, onOpen, onFold } = props;
  const told = trace.items[item]!;
  const below = trace.layout.size[item]! - 1;
  const depth = trace.layout.depth[item]!;
  const cost = trace.layout.subtreeCost[item]!;
  const took = told.kind === "event" && told.duration <= 0 ? "" : duration(told.duration);
  const title = visibleLine(told.title);
  return (
    <div
      id={`row-${row}`}
      className={styles.row}
      role="row"
      aria-level={depth + 1}
      aria-rowindex={row + 1}
      aria-expanded={below > 0 ? !isFolded : undefined}
      aria-selected={isCursor}
      data-dim={isDim || undefined}
      style={{ height: ROW_HEIGHT }}
      onClick={() => onOpen(item)}
    >
      <span className={styles.name} role="gridcell" style={{ paddingInlineStart: Math.min(depth, MAX_INDENT) * 14 }}>
        {below > 0 ? (
          <button
            type="button"
            className={styles.fold}
            tabIndex={-1}
            aria-label={isFolded ? `Show ${below} below` : `Hide ${below} below`}
            data-folded={isFolded || undefined}
            onClick={(event) => {
              event.stopPropagation();
              onFold(item, !isFolded);
            }}
          />
        ) : (
          <span className={styles.leaf} aria-hidden="true" />
        )}
        <span className={styles.mark} data-kind={told.kind} data-hue={hueOf(trace, told.source)} aria-hidden="true" />
        <bdi className={styles.title} title={title.slice(0, 500)}>
          {told.isFailure && (
            <b className={styles.failed}>
              <span aria-hidden="true">✕ </span>
              <span className="visually-hidden">failed: </span>
            </b>
          )}
          {title}
        </bdi>
        {isFolded && <span className={styles.count}>{below}</span>}
        {isOnPath && <span className="visually-hidden">, on the critical path</span>}
        <span className={styles.source}>{visibleLine(told.who)}</span>
      </span>
      <span className={styles.number} role="gridcell">
        {took}
      </span>
      {hasCost && (
        <span className={styles.number} role="gridcell" title={cost > 0 ? "With all below it" : undefined}>
          {cost > 0 ? dollars(cost) : ""}
        </span>
      )}
    </div>
  );
});
