// One objective: what was asked, how it became tasks and why, who decided what, and what one can do.
import { ActButton } from "../../acts/ActButton";
import { approve, cancelObjective, deny } from "../../acts/acts";
import { api, take } from "../../api/client";
import { useAtPlayhead } from "../../api/moment";
import type { ObjectiveVerdict } from "../../api/schema";
import { go } from "../../stores/address";
import { useAt } from "../../stores/playhead";
import { Chip } from "../../ui/Chip";
import { milliseconds } from "../../ui/format";
import { Link } from "../../ui/Link";
import { Answer } from "../../ui/Note";
import { Side } from "../../ui/Side";
import { Id, Line, Lines } from "../../ui/Text";
import { Ago } from "../../ui/Time";
import styles from "./ObjectivePanel.module.css";
import { standing } from "./standing";

export function ObjectivePanel({ id }: { id: string }) {
  const isLive = useAt() === null;
  const found = useAtPlayhead(["objective", id], ({ at, signal }) => {
    const query = at === undefined ? {} : { at: String(at) };
    return take(api.GET("/api/objectives/{objective_id}", { params: { path: { objective_id: id }, query }, signal }));
  });
  return (
    <Side title={id} label="Objective" onClose={() => go({ id: "" })}>
      <Answer of={found} what="this objective">
        {(answer) => {
          const { objective } = answer;
          const { tone, word } = standing(objective);
          const isOpen = objective.ended_at == null && objective.status !== "history";
          return (
            <>
              <Lines className={styles.text} text={objective.description} />
              <p className={styles.head}>
                <Chip tone={tone}>{word}</Chip>
                <span>
                  priority {objective.priority}, brought by {objective.brought}, <Ago time={milliseconds(objective.added_at)} />
                </span>
              </p>
              {objective.waits && <Lines className={styles.why} text={objective.waits} />}
              {isLive && isOpen && (
                <div className={styles.acts}>
                  {objective.waits_for_approval && (
                    <>
                      <ActButton act={approve(id, objective.description)} kind="main" />
                      <ActButton act={deny(id, objective.description)} />
                    </>
                  )}
                  <ActButton act={cancelObjective(id, objective.description)} />
                </div>
              )}
              {objective.plan && (
                <section>
                  <h3>Plan: {objective.plan}</h3>
                  <Lines text={objective.rationale ?? ""} />
                </section>
              )}
              <Said what="Approved" verdict={objective.approved} />
              <Said what="Called off" verdict={objective.called_off} />
              {objective.summary && (
                <section>
                  <h3>What came of it</h3>
                  <Lines text={objective.summary} />
                </section>
              )}
              <section>
                <h3>Tasks</h3>
                <ul className={styles.tasks}>
                  {(objective.tasks ?? []).map((each) => (
                    <li key={each.task_id}>
                      <Link to={{ view: "tasks", id: each.task_id }}>
                        <Line text={each.action || each.task_id} />
                      </Link>
                      <span>{each.status}</span>
                    </li>
                  ))}
                </ul>
                {(objective.tasks ?? []).length === 0 && <p className={styles.faint}>none</p>}
              </section>
            </>
          );
        }}
      </Answer>
    </Side>
  );
}

function Said({ what, verdict }: { what: string; verdict: ObjectiveVerdict | null | undefined }) {
  if (verdict == null) return null;
  return (
    <section>
      <h3>{what}</h3>
      <p>
        by <Id id={verdict.agent_id} />, <Ago time={milliseconds(verdict.at)} />
      </p>
      {verdict.reason && <Lines text={verdict.reason} />}
    </section>
  );
}
