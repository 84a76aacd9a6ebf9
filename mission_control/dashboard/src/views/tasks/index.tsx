// How do the tasks stand: as a board, or as a graph of what waits for what?
import { useMemo, useRef } from "react";
import { ActButton } from "../../acts/ActButton";
import { addObjective, addTask } from "../../acts/acts";
import { go, useAddress } from "../../stores/address";
import { useAt } from "../../stores/playhead";
import { Command } from "../../ui/Command";
import { useKeys } from "../../ui/keys";
import { Answer, Empty } from "../../ui/Note";
import { Search } from "../../ui/Search";
import { Tabs } from "../../ui/Tabs";
import { Board } from "./Board";
import { Graph } from "./Graph";
import styles from "./index.module.css";
import { TaskPanel } from "./TaskPanel";
import { filterTasks, MAX_TASKS, type Task, useTasks } from "./tasks";

export default function TasksPage() {
  const { id, q, more } = useAddress();
  const isGraph = more["as"] === "graph";
  const isLive = useAt() === null;
  const search = useRef<HTMLInputElement>(null);
  const tasks = useTasks();
  const show = (as: string) => go({ more: as === "graph" ? { as } : {} }, { replace: true });
  useKeys([
    { keys: "b", label: isGraph ? "As a board" : "As a graph", run: () => show(isGraph ? "board" : "graph") },
    { keys: "/", label: "Filter", run: () => search.current?.focus() },
    ...(id ? [{ keys: "Escape", label: "Close the task", run: () => go({ id: "" }) }] : []),
  ]);
  return (
    <div className={styles.page} data-open={id !== "" || undefined}>
      <div className={styles.main}>
        <div className={styles.toolbar}>
          <Tabs label="How tasks are shown" value={isGraph ? "graph" : "board"} onChange={show} tabs={{ board: "Board", graph: "Graph" }} />
          <Search inputRef={search} value={q} label="Filter tasks" onChange={(text) => go({ q: text }, { replace: true })} />
          {isLive && (
            <>
              <ActButton act={addTask} icon="plus" />
              <ActButton act={addObjective} icon="plus" kind="main" />
            </>
          )}
        </div>
        <Answer of={tasks} what="the tasks">
          {(found) => <Found tasks={found} q={q} isGraph={isGraph} more={tasks.more} open={id} />}
        </Answer>
      </div>
      {id && <TaskPanel key={id} id={id} />}
    </div>
  );
}

function Found(props: { tasks: readonly Task[]; q: string; isGraph: boolean; more: boolean; open: string }) {
  const { tasks, q, isGraph, more, open } = props;
  const shown = useMemo(() => filterTasks(tasks, q), [tasks, q]);
  if (tasks.length === 0)
    return (
      <Empty title="There are no tasks">
        <p>An objective becomes tasks as soon as it is added, here or in a terminal:</p>
        <Command text='ganglion objectives add "diagnose this machine" --plan diagnose' />
      </Empty>
    );
  if (shown.length === 0) return <Empty title="No task is like that" />;
  return (
    <>
      {isGraph ? <Graph tasks={shown} open={open} /> : <Board tasks={shown} open={open} />}
      {more && <p className={styles.note}>There are more than {MAX_TASKS.toLocaleString("en")}: the first by their ids are shown.</p>}
    </>
  );
}
