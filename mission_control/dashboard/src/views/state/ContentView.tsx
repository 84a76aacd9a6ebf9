// The lines of a file at the playhead, each with who wrote it; only those on screen are there.
import { type CSSProperties, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { ChainStep, Content } from "../../api/schema";
import { go, useAddress } from "../../stores/address";
import { count } from "../../ui/format";
import { visible, visibleLine } from "../../ui/hostile";
import { Empty } from "../../ui/Note";
import { rowWindow } from "../../ui/rowWindow";
import { authorOf } from "./answers";
import { BlameCard } from "./BlameCard";
import styles from "./Content.module.css";

const ROW_HEIGHT = 20;
const MAX_LINE = 2_000;

export function ContentView({ content }: { content: Content }) {
  const more = useAddress((address) => address.more);
  const lines = useMemo(() => linesOf(content.text), [content.text]);
  if (content.text === null) {
    return (
      <Empty title="What was in it is not known">
        <p>{visible(content.why_not || "There was nothing at this moment.")}</p>
      </Empty>
    );
  }
  if (lines.length === 0) return <Empty title="It was there, and empty" />;
  const chosen = Number(more["line"] ?? 0);
  const choose = (line: number) => go({ more: { ...more, line: line === chosen ? "" : String(line) } }, { replace: true });
  const step = stepOf(content, chosen - 1);
  return (
    <>
    {!content.is_text && <p className={styles.note}>Not all of it is text: what is not is shown by a sign.</p>}
    <div className={styles.content}>
      <Lines content={content} lines={lines} chosen={chosen} onChoose={choose} />
      {chosen > 0 && chosen <= lines.length && (
        <BlameCard step={step ?? null} line={chosen} mayBeOlder={isFirstStep(content, chosen - 1) ? content.blame_ends : ""} onClose={() => choose(chosen)} />
      )}
    </div>
    </>
  );
}

function stepOf(content: Content, line: number): ChainStep | undefined {
  return content.steps.find((each) => each.number === content.blame[line]);
}

function isFirstStep(content: Content, line: number): boolean {
  return content.blame[line] === content.steps[0]?.number;
}

/** Lines as editors count them: a last line end begins none. */
function linesOf(text: string | null): string[] {
  if (!text) return [];
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function Lines(props: { content: Content; lines: readonly string[]; chosen: number; onChoose: (line: number) => void }) {
  const { content, lines, chosen, onChoose } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const [viewHeight, setViewHeight] = useState(600);
  const longest = useMemo(() => lines.reduce((most, line) => Math.max(most, Math.min(line.length, MAX_LINE)), 0), [lines]);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const watcher = new ResizeObserver(() => setViewHeight(element.clientHeight));
    watcher.observe(element);
    if (chosen > 0) element.scrollTop = Math.max(0, (chosen - 8) * ROW_HEIGHT);
    return () => watcher.disconnect();
    // Once: a link to a line begins there.
  }, []);
  const shown = rowWindow({ count: lines.length, rowHeight: ROW_HEIGHT, viewHeight }, scrollTop);
  const indexes = Array.from({ length: shown.end - shown.first }, (_, at) => shown.first + at);
  const steps = useMemo(() => new Map(content.steps.map((each, place) => [each.number, { step: each, place }])), [content]);
  const recency = (place: number) => (steps.size <= 1 ? 1 : 0.15 + (0.85 * place) / (steps.size - 1));
  return (
    <div
      ref={scroller}
      className={styles.scroller}
      role="list"
      aria-label={`${count(lines.length)} lines`}
      tabIndex={0}
      onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
    >
      <div className={styles.all} role="presentation" style={{ height: shown.height, "--longest": `${longest}ch` } as CSSProperties}>
        <div role="presentation" style={{ transform: `translateY(${shown.top}px)` }}>
          {indexes.map((at) => {
            const number = content.blame[at] ?? -1;
            const isFirst = at === shown.first || number !== content.blame[at - 1];
            const found = steps.get(number);
            const by = found?.step;
            const text = lines[at]!;
            return (
              <div
                key={at}
                className={styles.line}
                role="listitem"
                aria-setsize={lines.length}
                aria-posinset={at + 1}
                data-first={isFirst || undefined}
                data-same={(chosen > 0 && number === content.blame[chosen - 1]) || undefined}
              >
                <button
                  type="button"
                  className={styles.blame}
                  style={{ "--recency": `${recency(found?.place ?? 0) * 100}%` } as CSSProperties}
                  aria-pressed={chosen === at + 1}
                  tabIndex={isFirst ? 0 : -1}
                  onClick={() => onChoose(at + 1)}
                >
                  {isFirst && (
                    <>
                      <bdi className={styles.author}>{by ? visibleLine(authorOf(by)) : "nobody knows"}</bdi>{" "}
                      <bdi className={styles.why}>{by?.decision ? visibleLine(by.decision.chosen_action) : ""}</bdi>
                    </>
                  )}
                  <span className="visually-hidden">{` Why is line ${at + 1} so?`}</span>
                </button>
                <span className={styles.number} aria-hidden="true">
                  {at + 1}
                </span>
                <code className={styles.text} dir="ltr">
                  {visible(text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)}…` : text)}
                </code>
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
