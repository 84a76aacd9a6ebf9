// Who is there, and what does each do, since when?
import { type CSSProperties, useState } from "react";
import type { AgentCard } from "../../api/schema";
import { useAt } from "../../stores/playhead";
import { Button } from "../../ui/Button";
import { Chip, type Tone } from "../../ui/Chip";
import { counted, milliseconds, words } from "../../ui/format";
import { Link } from "../../ui/Link";
import { Empty } from "../../ui/Note";
import { Panel } from "../../ui/Panel";
import { IdLine, Line, Lines } from "../../ui/Text";
import { Ago, Since, useNow } from "../../ui/Time";
import styles from "./Agents.module.css";

const SHOWN = 12;
const TONES: Readonly<Record<string, Tone>> = { busy: "accent", idle: "plain", asleep: "warn", draining: "warn", heard: "plain" };

export function Agents({ agents, at }: { agents: readonly AgentCard[]; at: number }) {
  const [all, setAll] = useState(false);
  const shown = all ? agents : agents.slice(0, SHOWN);
  return (
    <Panel
      title="Agents"
      aside={counted(agents.length, "agent")}
      actions={
        agents.length > SHOWN && (
          <Button kind="quiet" onClick={() => setAll(!all)}>
            {all ? "Fewer" : "All"}
          </Button>
        )
      }
    >
      {agents.length === 0 && (
        <Empty title="Nobody is there">
          <p>A worker registers when its process starts; an agent shows when it says something.</p>
        </Empty>
      )}
      <ul className={styles.cards}>
        {shown.map((each) => (
          <Card key={`${each.kind} ${each.id}`} agent={each} at={at} />
        ))}
      </ul>
    </Panel>
  );
}

function Card({ agent, at }: { agent: AgentCard; at: number }) {
  return (
    <li className={styles.card} data-status={agent.status}>
      <div className={styles.head}>
        <IdLine className={styles.name} id={agent.id} />
        <Chip tone={TONES[agent.status] ?? "plain"}>{agent.status}</Chip>
      </div>
      <p className={styles.role}>{words(agent.role)}</p>
      <div className={styles.doing}>
        {agent.task_id ? (
          <Link to={{ view: "tasks", id: agent.task_id }}>
            <Line text={agent.doing} />
          </Link>
        ) : (
          <Lines text={agent.doing || "nothing to do"} />
        )}
      </div>
      {agent.lease_until && agent.since && (
        <Lease since={milliseconds(agent.since)} until={milliseconds(agent.lease_until)} at={at} />
      )}
      <p className={styles.heard}>
        {agent.since ? (
          <>
            for <Since time={milliseconds(agent.since)} />
            {(agent.more_tasks ?? 0) > 0 && `, and ${counted(agent.more_tasks ?? 0, "more task")}`}
          </>
        ) : (
          <>
            heard <Ago time={milliseconds(agent.heard_at)} />
          </>
        )}
      </p>
    </li>
  );
}

/** How much of its lease is left before the task is given to somebody else. */
function Lease({ since, until, at }: { since: number; until: number; at: number }) {
  const isLive = useAt() === null;
  const now = useNow();
  const left = Math.min(1, Math.max(0, (until - (isLive ? now : at)) / (until - since)));
  return (
    <span className={styles.lease} title="What is left of its lease" style={{ "--left": String(left) } as CSSProperties} />
  );
}
