// One task: how it stands, why it waits, what became of it step by step, and what one can do.
import { ActButton } from "../../acts/ActButton";
import { cancelTask, retryTask } from "../../acts/acts";
import { api, take } from "../../api/client";
import { useAtPlayhead } from "../../api/moment";
import { liveEventOf } from "../../stores/liveEvent";
import { go } from "../../stores/address";
import { shownPosition, useAt } from "../../stores/playhead";
import { Chip, type Tone } from "../../ui/Chip";
import { words } from "../../ui/format";
import { Link } from "../../ui/Link";
import { Answer, Empty } from "../../ui/Note";
import { Side } from "../../ui/Side";
import { Id, Lines } from "../../ui/Text";
import { Clock } from "../../ui/Time";
import { columnOf, type Column } from "./tasks";
import styles from "./TaskPanel.module.css";

const TONES: Readonly<Record<Column, Tone>> = { waits: "plain", claimed: "accent", aside: "warn", completed: "good", failed: "bad" };

export function TaskPanel({ id }: { id: string }) {
  const isLive = useAt() === null;
  const found = useAtPlayhead(["task", id], ({ signal }) =>
    take(api.GET("/tasks/{task_id}", { params: { path: { task_id: id } }, signal })),
  );
  return (
    <Side title={id} label="Task" onClose={() => go({ id: "" })}>
      <Answer of={found} what="this task">
        {({ task, steps }) => {
          const column = columnOf(task.status);
          const waits = typeof task["waits"] === "string" ? task["waits"] : "";
          return (
            <>
              <p className={styles.head}>
                {isLive && <Chip tone={TONES[column]}>{task.status}</Chip>}
                <span>
                  {task.action}, {task.attempts} {task.attempts === 1 ? "attempt" : "attempts"}
                </span>
              </p>
              {isLive && waits && <Lines className={styles.why} text={waits} />}
              <dl className={styles.facts}>
                <dt>Objective</dt>
                <dd>
                  {task.objective_id ? (
                    <Link to={{ view: "objectives", id: task.objective_id }}>
                      <Id id={task.objective_id} />
                    </Link>
                  ) : (
                    "none"
                  )}
                </dd>
                <dt>Worker</dt>
                <dd>
                  {task.worker_id ? (
                    <Link to={{ view: "workers", id: task.worker_id }}>
                      <Id id={task.worker_id} />
                    </Link>
                  ) : (
                    "nobody"
                  )}
                </dd>
              </dl>
              {isLive && (
                <div className={styles.acts}>
                  {(column === "waits" || column === "claimed" || column === "aside") && <ActButton act={cancelTask(id)} />}
                  {(column === "aside" || column === "failed") && <ActButton act={retryTask(id)} kind="main" />}
                </div>
              )}
              <Steps steps={steps} />
            </>
          );
        }}
      </Answer>
    </Side>
  );
}

function Steps({ steps }: { steps: readonly unknown[] }) {
  const events = steps.map((each) => liveEventOf(each as Parameters<typeof liveEventOf>[0]));
  const until = shownPosition();
  const known = events.filter((each) => each.sequence <= until || until === 0);
  if (known.length === 0) return <Empty title="At this moment there was no such task" />;
  return (
    <ol className={styles.steps}>
      {known.map((each) => (
        <li key={each.sequence} data-failure={each.isFailure || undefined}>
          <Clock time={each.time} />
          <span>
            <Link to={{ sel: each.eventId }} className={styles.kind}>
              {words(each.kind)}
            </Link>
            <Lines text={each.sentence} />
          </span>
        </li>
      ))}
    </ol>
  );
}
