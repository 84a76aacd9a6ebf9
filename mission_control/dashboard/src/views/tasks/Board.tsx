// Tasks in columns by how they stand.
import { counted, count } from "../../ui/format";
import { Link } from "../../ui/Link";
import { IdLine, Line } from "../../ui/Text";
import { Ago, Since } from "../../ui/Time";
import styles from "./Board.module.css";
import { type Column, COLUMNS, type Task } from "./tasks";

const TITLES: Readonly<Record<Column, string>> = {
  waits: "Waiting",
  claimed: "Being done",
  aside: "Set aside",
  completed: "Completed",
  failed: "Ended otherwise",
};
const SHOWN = 60;

export function Board({ tasks, open }: { tasks: readonly Task[]; open: string }) {
  return (
    <div className={styles.board}>
      {COLUMNS.map((column) => (
        <Stack key={column} column={column} tasks={inOrder(column, tasks)} open={open} />
      ))}
    </div>
  );
}

/** Those that ended last stand first; of the others those that have been there longest. */
function inOrder(column: Column, tasks: readonly Task[]): Task[] {
  const isOver = column === "completed" || column === "failed";
  return tasks
    .filter((each) => each.column === column)
    .sort((a, b) => (isOver ? b.since - a.since : a.since - b.since) || (a.id < b.id ? -1 : 1));
}

function Stack({ column, tasks, open }: { column: Column; tasks: Task[]; open: string }) {
  return (
    <section className={styles.column} aria-label={TITLES[column]} data-column={column}>
      <h2 className={styles.title}>
        {TITLES[column]} <span data-none={tasks.length === 0 || undefined}>{count(tasks.length)}</span>
      </h2>
      <ul className={styles.cards} tabIndex={tasks.length > 3 ? 0 : undefined}>
        {tasks.slice(0, SHOWN).map((each) => (
          <li key={each.id}>
            <Card task={each} isOpen={each.id === open} />
          </li>
        ))}
        {tasks.length > SHOWN && <li className={styles.more}>and {count(tasks.length - SHOWN)} more: filter to see them</li>}
      </ul>
    </section>
  );
}

function Card({ task, isOpen }: { task: Task; isOpen: boolean }) {
  return (
    <Link to={{ id: isOpen ? "" : task.id, sel: "" }} className={isOpen ? `${styles.card} ${styles.open}` : styles.card}>
      <span className={styles.action}>
        <Line text={task.action} />
        {task.attempts > 1 && <span title="attempts">{counted(task.attempts, "attempt")}</span>}
      </span>
      <IdLine className={styles.id} id={task.id} />
      <span className={styles.foot}>
        {task.column === "claimed" ? (
          <>
            <IdLine id={task.worker} /> <Since time={task.since} />
          </>
        ) : task.why ? (
          <span className={styles.why}>{task.why}</span>
        ) : task.column === "completed" ? (
          <>
            <IdLine id={task.worker} /> <Ago time={task.since} />
          </>
        ) : (
          <>
            {task.status} <Ago time={task.since} />
          </>
        )}
      </span>
    </Link>
  );
}
