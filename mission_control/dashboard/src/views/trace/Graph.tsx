// The trace as a graph: what kinds of steps there were, and which led to which.
import { type KeyboardEvent, useMemo, useRef } from "react";
import { layOutGraph, type Place } from "../../engine/graph-layout";
import { count, counted, dollars, duration, words } from "../../ui/format";
import { visibleLine } from "../../ui/hostile";
import styles from "./Graph.module.css";
import { groupsOf, type Group } from "./group";
import { hueOf, type Trace } from "./trace";

const WIDE = 196;
const HIGH = 58;
const GAP_X = 52;
const GAP_Y = 16;
const MARGIN = 24;

export function Graph(props: {
  trace: Trace;
  showsPath: boolean;
  cursor: number;
  onOpen: (item: number) => void;
}) {
  const { trace, showsPath, cursor, onOpen } = props;
  const known = useRef<ReadonlyMap<string, Place>>(new Map());
  const { groups, leftOut, places } = useMemo(() => {
    const found = groupsOf(trace);
    const led = found.groups.map((each, at) => [each.parent, at] as const).filter(([parent]) => parent >= 0);
    const laid = layOutGraph(
      found.groups.map((each) => each.id),
      { from: led.map(([from]) => from), to: led.map(([, to]) => to) },
      known.current,
    );
    known.current = new Map(found.groups.map((each, at) => [each.id, laid[at]!]));
    return { ...found, places: laid };
  }, [trace]);
  const left = (at: number) => MARGIN + places[at]!.rank * (WIDE + GAP_X);
  const top = (at: number) => MARGIN + places[at]!.lane * (HIGH + GAP_Y);
  const right = Math.max(0, ...places.map((_, at) => left(at) + WIDE)) + MARGIN;
  const foot = Math.max(0, ...places.map((_, at) => top(at) + HIGH)) + MARGIN;
  const opened = groups.findIndex((each) => each.first === cursor);
  return (
    <div className={styles.view} tabIndex={0} role="region" aria-label="The trace as a graph">
      <div className={styles.all} style={{ width: right, height: foot }}>
        <svg className={styles.edges} width={right} height={foot} aria-hidden="true">
          {groups.map((each, at) =>
            each.parent < 0 ? null : (
              <path
                key={each.id}
                d={edge(left(each.parent) + WIDE, top(each.parent) + HIGH / 2, left(at), top(at) + HIGH / 2)}
                data-path={(showsPath && each.onPath && groups[each.parent]!.onPath) || undefined}
              />
            ),
          )}
        </svg>
        {groups.map((each, at) => (
          <Node
            key={each.id}
            trace={trace}
            group={each}
            style={{ left: left(at), top: top(at), width: WIDE, height: HIGH }}
            isOpen={at === opened}
            isOnPath={showsPath && each.onPath}
            onOpen={() => onOpen(each.first)}
          />
        ))}
      </div>
      {leftOut > 0 && (
        <p className={styles.left}>
          {`The graph has the first ${count(groups.length)} kinds of steps; ${counted(leftOut, "item")} of others are in the waterfall only.`}
        </p>
      )}
    </div>
  );
}

function Node(props: {
  trace: Trace;
  group: Group;
  style: { left: number; top: number; width: number; height: number };
  isOpen: boolean;
  isOnPath: boolean;
  onOpen: () => void;
}) {
  const { trace, group, style, isOpen, isOnPath, onOpen } = props;
  return (
    <button
      type="button"
      className={styles.node}
      style={style}
      aria-pressed={isOpen}
      data-path={isOnPath || undefined}
      data-kind={group.kind}
      data-hue={hueOf(trace, group.source)}
      onClick={onOpen}
      onKeyDown={moveFocus}
    >
      <span className={styles.name}>
        <bdi title={visibleLine(group.name).slice(0, 500)}>{visibleLine(words(group.name))}</bdi>
        {group.count > 1 && <b>×{count(group.count)}</b>}
      </span>
      <span className={styles.facts}>
        <bdi>{visibleLine(group.source)}</bdi>
        {group.duration > 0 && <span>{duration(group.duration)}</span>}
        {group.cost > 0 && <span>{dollars(group.cost)}</span>}
        {group.failures > 0 && <span className={styles.failed}>{`${count(group.failures)} failed`}</span>}
      </span>
    </button>
  );
}

/** Arrows go to the next node in the order in which they are read. */
function moveFocus(event: KeyboardEvent<HTMLButtonElement>): void {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const nodes = [...(event.currentTarget.parentElement?.querySelectorAll("button") ?? [])];
  nodes[nodes.indexOf(event.currentTarget) + step]?.focus();
}

function edge(x1: number, y1: number, x2: number, y2: number): string {
  const bend = Math.max(24, (x2 - x1) / 2);
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}
