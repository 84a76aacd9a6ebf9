// Who does tasks, what does each do now, and why do some take nothing?
import { useMemo, useRef } from "react";
import { ActButton } from "../../acts/ActButton";
import { pauseWorker, resumeWorker } from "../../acts/acts";
import { api, take } from "../../api/client";
import { useAtPlayhead } from "../../api/moment";
import type { KnownWorker } from "../../api/schema";
import { useSwarmState } from "../../api/swarm";
import { go, useAddress } from "../../stores/address";
import { useAt } from "../../stores/playhead";
import { Chip, type Tone } from "../../ui/Chip";
import { Command } from "../../ui/Command";
import { milliseconds, words } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { Link } from "../../ui/Link";
import { Answer, Empty } from "../../ui/Note";
import { Search } from "../../ui/Search";
import { IdLine, Line } from "../../ui/Text";
import { Ago } from "../../ui/Time";
import list from "../../ui/list.module.css";
import { workersThen } from "./then";
import styles from "./workers.module.css";

const TONES: Readonly<Record<string, Tone>> = { busy: "accent", idle: "plain", asleep: "warn", draining: "warn" };

export default function WorkersPage() {
  const { id, q } = useAddress();
  const isLive = useAt() === null;
  const search = useRef<HTMLInputElement>(null);
  const now = useAtPlayhead(["workers"], ({ signal }) => take(api.GET("/workers", { signal })), { enabled: isLive });
  const state = useSwarmState({ enabled: !isLive });
  useKeys([{ keys: "/", label: "Filter", run: () => search.current?.focus() }]);
  const source = isLive ? now : state;
  const workers = useMemo(
    () => (isLive ? now.data?.workers : state.data && workersThen(state.data)),
    [isLive, now.data, state.data],
  );
  return (
    <div className={list.page}>
      <div className={list.main}>
        <div className={list.toolbar}>
          <Search inputRef={search} value={q} label="Filter workers" onChange={(text) => go({ q: text }, { replace: true })} />
        </div>
        <Answer of={{ data: workers, error: source.error, isPending: source.isPending }} what="the workers">
          {(found) => <Rows workers={found} q={q} open={id} isLive={isLive} />}
        </Answer>
      </div>
    </div>
  );
}

function Rows({ workers, q, open, isLive }: { workers: readonly KnownWorker[]; q: string; open: string; isLive: boolean }) {
  const wanted = q.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = workers.filter((each) =>
    wanted.every((word) => `${each.worker_id} ${each.role} ${each.host} ${each.status} ${each.why}`.toLowerCase().includes(word)),
  );
  if (workers.length === 0)
    return (
      <Empty title="Nobody is there to do tasks">
        <p>The mesh has a worker of its own; others are started beside it:</p>
        <Command text="ganglion up" />
      </Empty>
    );
  if (shown.length === 0) return <Empty title="No worker is like that" />;
  return (
    <ul className={list.rows} tabIndex={0} aria-label="Workers">
      {shown.map((each) => (
        <li key={each.worker_id} className={styles.worker} data-open={each.worker_id === open || undefined}>
          <span className={list.state}>
            <Chip tone={TONES[each.status] ?? "plain"}>{each.status}</Chip>
          </span>
          <span className={list.text}>
            <IdLine className={styles.name} id={each.worker_id} />
            <Line className={list.faint} text={`${words(each.role)} on ${each.host || "an unknown machine"}${each.pid ? `, pid ${each.pid}` : ""}; ${skillsOf(each)}`} />
          </span>
          <span className={styles.doing}>
            {each.tasks.map((task) => (
              <Link key={task.task_id} to={{ view: "tasks", id: task.task_id }}>
                <Line text={`${task.action}${task.attempt > 1 ? `, attempt ${task.attempt}` : ""}`} />
              </Link>
            ))}
            {each.tasks.length === 0 && <Line className={list.faint} text={each.why || "nothing to do"} />}
          </span>
          <span className={list.aside}>
            {each.tasks.length} of {each.max_concurrent_tasks} places
            <br />
            heard <Ago time={milliseconds(each.heard_at)} />
          </span>
          {isLive && (
            <span className={styles.acts}>
              <ActButton act={each.status === "asleep" ? resumeWorker(each.worker_id) : pauseWorker(each.worker_id)} />
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

function skillsOf(worker: KnownWorker): string {
  if (worker.skills.length > 0) return worker.skills.join(", ");
  return worker.actions.length > 0 ? worker.actions.join(", ") : "no skills named";
}
