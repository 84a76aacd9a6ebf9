// Which task waits for which? From left to right; a task keeps its place while others come.
import { useMemo, useRef } from "react";
import { layOutGraph, type Place } from "../../engine/graph-layout";
import { go } from "../../stores/address";
import { count } from "../../ui/format";
import { Empty } from "../../ui/Note";
import { visibleLine } from "../../ui/hostile";
import styles from "./Graph.module.css";
import type { Task } from "./tasks";

const WIDTH = 190;
const HEIGHT = 44;
const ACROSS = 260;
const DOWN = 58;
const MAX_DRAWN = 500;

export function Graph({ tasks, open }: { tasks: readonly Task[]; open: string }) {
  const known = useRef(new Map<string, Place>());
  const drawn = useMemo(() => drawing(tasks, known.current), [tasks]);
  if (drawn.nodes.length === 0)
    return (
      <Empty title="No task waits for another">
        <p>The graph shows what is open; the board has all.</p>
      </Empty>
    );
  return (
    <div className={styles.view} tabIndex={0} role="group" aria-label="Tasks and what they wait for">
      <svg width={drawn.width} height={drawn.height} className={styles.graph}>
        {drawn.edges.map(([from, to]) => (
          <path
            key={`${from.task.id} ${to.task.id}`}
            className={styles.edge}
            d={`M${from.x + WIDTH} ${from.y + HEIGHT / 2}C${from.x + WIDTH + 40} ${from.y + HEIGHT / 2} ${to.x - 40} ${to.y + HEIGHT / 2} ${to.x} ${to.y + HEIGHT / 2}`}
          />
        ))}
        {drawn.nodes.map(({ task, x, y }) => (
          <g
            key={task.id}
            role="button"
            tabIndex={0}
            transform={`translate(${x} ${y})`}
            className={styles.node}
            data-column={task.column}
            data-open={task.id === open || undefined}
            aria-label={`${task.action}, ${task.id}: ${task.why || task.status}`}
            onClick={() => go({ id: task.id, sel: "" })}
            onKeyDown={(event) => {
              if (event.key === "Enter") go({ id: task.id, sel: "" });
            }}
          >
            <title>{visibleLine(`${task.id}: ${task.why || task.status}`)}</title>
            <rect width={WIDTH} height={HEIGHT} rx={6} />
            <text x={12} y={18} className={styles.action}>
              {short(task.action, 24)}
            </text>
            <text x={12} y={34} className={styles.status}>
              {short(task.column === "claimed" ? task.worker : task.why || task.status, 30)}
            </text>
          </g>
        ))}
      </svg>
      {drawn.leftOut > 0 && <p className={styles.note}>{count(drawn.leftOut)} more are not drawn: filter to see them.</p>}
    </div>
  );
}

function short(text: string, max: number): string {
  const shown = visibleLine(text);
  return shown.length > max ? `${shown.slice(0, max - 1)}…` : shown;
}

interface Node {
  readonly task: Task;
  readonly x: number;
  readonly y: number;
}

/** Open tasks, and those that ended and belong to the same objectives. */
function drawing(tasks: readonly Task[], known: Map<string, Place>) {
  const isOpen = (each: Task) => each.column === "waits" || each.column === "claimed" || each.column === "aside";
  const open = tasks.filter(isOpen);
  const shown = open.slice(0, MAX_DRAWN);
  const index = new Map(shown.map((each, at) => [each.id, at]));
  const from: number[] = [];
  const to: number[] = [];
  shown.forEach((each, at) => {
    for (const before of each.waitsFor) {
      const found = index.get(before);
      if (found !== undefined) {
        from.push(found);
        to.push(at);
      }
    }
  });
  const places = layOutGraph(shown.map((each) => each.id), { from, to }, known);
  known.clear();
  const nodes: Node[] = shown.map((task, at) => {
    const place = places[at] ?? { rank: 0, lane: 0 };
    known.set(task.id, place);
    return { task, x: place.rank * ACROSS, y: place.lane * DOWN };
  });
  const top = Math.min(0, ...nodes.map((each) => each.y));
  const placed = nodes.map((each) => ({ ...each, x: each.x + 8, y: each.y - top + 8 }));
  const edges = from.flatMap((start, at): [Node, Node][] => {
    const one = placed[start];
    const other = placed[to[at] ?? -1];
    return one && other ? [[one, other]] : [];
  });
  return {
    nodes: placed,
    edges,
    width: Math.max(0, ...placed.map((each) => each.x)) + WIDTH + 16,
    height: Math.max(0, ...placed.map((each) => each.y)) + HEIGHT + 16,
    leftOut: open.length - shown.length,
  };
}
