// A list of any length in rows of one height: only those on screen are there.
import { type ReactNode, type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import styles from "./RowPool.module.css";
import { rowWindow, scrollTopFor } from "./rowWindow";

export interface RowPoolProps {
  readonly count: number;
  readonly rowHeight: number;
  /** A row's content; its key is the index unless `keyOf` says another one. */
  readonly row: (index: number) => ReactNode;
  readonly keyOf?: (index: number) => string | number;
  readonly label: string;
  /** The row with the cursor; -1: none. It is scrolled into view when it changes. */
  readonly cursor?: number;
  readonly onScroll?: (scrollTop: number) => void;
  readonly viewRef?: RefObject<HTMLDivElement | null>;
}

export function RowPool(props: RowPoolProps) {
  const { count, rowHeight, row, keyOf, label, cursor = -1, onScroll } = props;
  const own = useRef<HTMLDivElement>(null);
  const view = props.viewRef ?? own;
  const [scrollTop, setScrollTop] = useState(0);
  const [viewHeight, setViewHeight] = useState(600);

  useLayoutEffect(() => {
    const element = view.current;
    if (element === null) return undefined;
    const watcher = new ResizeObserver(() => setViewHeight(element.clientHeight));
    watcher.observe(element);
    return () => watcher.disconnect();
  }, [view]);

  useEffect(() => {
    const element = view.current;
    if (element === null || cursor < 0) return;
    const wanted = scrollTopFor({ count, rowHeight, viewHeight }, element.scrollTop, cursor);
    if (wanted !== element.scrollTop) element.scrollTop = wanted;
    // Not when the list grows: only a cursor that moves scrolls.
  }, [cursor]);

  const shown = rowWindow({ count, rowHeight, viewHeight }, scrollTop);
  const indexes = Array.from({ length: Math.max(0, shown.end - shown.first) }, (_, at) => shown.first + at);
  return (
    <div
      ref={view}
      className={styles.view}
      role="list"
      aria-label={label}
      tabIndex={0}
      onScroll={(event) => {
        setScrollTop(event.currentTarget.scrollTop);
        onScroll?.(event.currentTarget.scrollTop);
      }}
    >
      <div className={styles.all} role="presentation" style={{ height: shown.height }}>
        <div role="presentation" style={{ transform: `translateY(${shown.top}px)` }}>
          {indexes.map((index) => (
            <div
              key={keyOf?.(index) ?? index}
              className={index === cursor ? `${styles.row} ${styles.cursor}` : styles.row}
              role="listitem"
              aria-setsize={count}
              aria-posinset={index + 1}
              aria-current={index === cursor || undefined}
              style={{ height: rowHeight }}
            >
              {row(index)}
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}
