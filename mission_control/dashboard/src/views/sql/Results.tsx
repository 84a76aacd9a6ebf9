// The rows that came back; only those on screen are there.
import { useLayoutEffect, useMemo, useRef, useState } from "react";
import { Dialog } from "../../ui/Dialog";
import { visibleLine } from "../../ui/hostile";
import { Link } from "../../ui/Link";
import { rowWindow } from "../../ui/rowWindow";
import { Id, Lines } from "../../ui/Text";
import { type Asked, cellText, isNumber, leadsTo, widthsOf } from "./result";
import styles from "./Sql.module.css";

const ROW_HEIGHT = 28;
const MAX_SHOWN = 300;

export function Results({ asked }: { asked: Asked }) {
  const scroller = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const [viewHeight, setViewHeight] = useState(400);
  const [opened, setOpened] = useState(-1);
  const grid = useMemo(() => ({ gridTemplateColumns: `${widthsOf(asked).map((each) => `calc(${each}ch + 26px)`).join(" ")} 1fr` }), [asked]);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const watcher = new ResizeObserver(() => setViewHeight(element.clientHeight));
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);
  useLayoutEffect(() => {
    scroller.current?.scrollTo(0, 0); // what it returns is no clean-up
  }, [asked]);
  const shown = rowWindow({ count: asked.rows.length, rowHeight: ROW_HEIGHT, viewHeight }, scrollTop);
  const indexes = Array.from({ length: Math.max(0, shown.end - shown.first) }, (_, at) => shown.first + at);
  return (
    <>
      <div
        ref={scroller}
        className={styles.scroller}
        role="table"
        aria-label="What came back"
        aria-rowcount={asked.rows.length + 1}
        tabIndex={0}
        onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
      >
        <div className={styles.head} role="row" aria-rowindex={1} style={grid}>
          {asked.columns.map(({ name, type }, at) => (
            <span key={at} role="columnheader" title={visibleLine(type)} data-number={isNumber(type) || undefined}>
              {visibleLine(name)}
            </span>
          ))}
        </div>
        <div role="rowgroup" style={{ height: shown.height }}>
          <div role="presentation" style={{ transform: `translateY(${shown.top}px)` }}>
            {indexes.map((at) => (
              <div
                key={at}
                className={styles.row}
                role="row"
                aria-rowindex={at + 2}
                style={grid}
                onDoubleClick={() => setOpened(at)}
              >
                {asked.columns.map(({ name, type }, column) => (
                  <Cell key={column} column={name} isNumber={isNumber(type)} value={asked.rows[at]![column]} />
                ))}
                <button type="button" className={styles.whole} aria-label={`All of row ${at + 1}`} onClick={() => setOpened(at)}>
                  …
                </button>
              </div>
            ))}
          </div>
        </div>
      </div>
      {opened >= 0 && (
        <Dialog title={`Row ${opened + 1}`} onClose={() => setOpened(-1)} wide>
          <dl className={styles.record}>
            {asked.columns.map(({ name, type }, column) => (
              <div key={column}>
                <dt>
                  <Id id={name} max={80} />
                  <span>{visibleLine(type)}</span>
                </dt>
                <dd>
                  <Lines text={cellText(asked.rows[opened]![column]) ?? "NULL"} />
                </dd>
              </div>
            ))}
          </dl>
        </Dialog>
      )}
    </>
  );
}

function Cell({ column, value, isNumber: isRight }: { column: string; value: unknown; isNumber: boolean }) {
  const text = cellText(value);
  const target = leadsTo(column, value);
  const short = visibleLine((text ?? "").slice(0, MAX_SHOWN));
  return (
    <span role="cell" className={styles.cell} data-number={isRight || undefined} title={short}>
      {text === null ? <i className={styles.null}>NULL</i> : target ? <Link to={target}>{short}</Link> : <bdi>{short}</bdi>}
    </span>
  );
}
