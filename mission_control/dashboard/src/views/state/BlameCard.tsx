// Why is a line as it is? The change that wrote it, the decision behind it, what was turned down, and
// what it cost.
import { useQuery } from "@tanstack/react-query";
import { api, take } from "../../api/client";
import type { ChainStep } from "../../api/schema";
import { addressStore, go } from "../../stores/address";
import { showPosition } from "../../stores/playhead";
import { Button } from "../../ui/Button";
import { Chip } from "../../ui/Chip";
import { count, dollars } from "../../ui/format";
import { visible } from "../../ui/hostile";
import { Link } from "../../ui/Link";
import { Id, Lines } from "../../ui/Text";
import { TextButton } from "../../ui/TextButton";
import { Ago, Clock } from "../../ui/Time";
import { authorOf } from "./answers";
import styles from "./Content.module.css";

export interface BlameCardProps {
  /** null: nobody knows which. */
  readonly step: ChainStep | null;
  /** Why the line may be older than this step; empty: it is not. */
  readonly mayBeOlder: string;
  readonly line: number;
  readonly onClose: () => void;
}

export function BlameCard({ step, mayBeOlder, line, onClose }: BlameCardProps) {
  return (
    <aside className={styles.card} aria-label={`Line ${line}`}>
      <header className={styles.cardHead}>
        <h3>{`Line ${count(line)}`}</h3>
        <Button kind="quiet" icon="close" label="Close" onClick={onClose} />
      </header>
      {step === null ? (
        <p>Nobody knows who brought it.</p>
      ) : (
        <>
          <p className={styles.who}>
            <Id id={authorOf(step)} />
            <Clock time={Date.parse(step.recorded_at)} />
            <Ago time={Date.parse(step.recorded_at)} />
          </p>
          {mayBeOlder && <p className={styles.older}>{`It may be older: ${visible(mayBeOlder)}.`}</p>}
          <DecisionOf step={step} />
          <p className={styles.links}>
            <TextButton onClick={() => showStep(step.event_id)}>
              {`The change: step ${count(step.number + 1)}`}
            </TextButton>
            <Link to={{ sel: step.decision?.event_id ?? step.event_id }}>{step.decision ? "The decision" : "The event"}</Link>
            {step.trace_id && (
              <Link to={{ view: "trace", id: step.trace_id, sel: step.decision?.event_id ?? step.event_id }}>Its trace</Link>
            )}
            <TextButton onClick={() => showPosition(step.position)}>
              Show that moment
            </TextButton>
          </p>
        </>
      )}
    </aside>
  );
}

function showStep(eventId: string): void {
  const { more } = addressStore.getState();
  go({ more: { ...more, as: "history", step: eventId, line: "" } });
}

/** What the decision cost, with what came of it. */
function Cost({ decisionId }: { decisionId: string }) {
  const asked = useQuery({
    queryKey: ["event", decisionId],
    queryFn: ({ signal }) => take(api.GET("/api/events/{event_id}", { params: { path: { event_id: decisionId } }, signal })),
    enabled: decisionId !== "",
  });
  const cost = asked.data?.cost_usd ?? null;
  return cost === null ? null : <Chip tone="accent">{dollars(cost)}</Chip>;
}

/** What was decided, why, and what else could have been. */
export function DecisionOf({ step }: { step: Pick<ChainStep, "decision" | "external"> }) {
  const { decision } = step;
  if (step.external) return <p>Nobody in the swarm did this: it was found changed, and recorded.</p>;
  if (decision === null) return <p>No decision on record led to it.</p>;
  return (
    <div className={styles.decision}>
      <Lines text={decision.chosen_action || "It decided"} className={styles.chosen} />
      <Lines text={decision.rationale} />
      {decision.rejected_alternatives.length > 0 && (
        <>
          <h3>Turned down</h3>
          <ul className={styles.rejected}>
            {decision.rejected_alternatives.map((each, at) => (
              <li key={at}>
                <Lines text={each} />
              </li>
            ))}
          </ul>
        </>
      )}
      <p className={styles.chips}>
        {decision.confidence !== null && <Chip>{`${Math.round(decision.confidence * 100)} % confident`}</Chip>}
        <Cost decisionId={decision.event_id} />
      </p>
    </div>
  );
}
