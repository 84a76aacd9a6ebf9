// Why is a line as it is? The change that wrote it, the decision behind it, what was turned down, and
// what it cost.
import { addressStore, go } from "../../stores/address";
import { showPosition } from "../../stores/playhead";
import { Button } from "../../ui/Button";
import { Chip } from "../../ui/Chip";
import { count, dollars } from "../../ui/format";
import { Link } from "../../ui/Link";
import { Id, Lines } from "../../ui/Text";
import { Ago, Clock } from "../../ui/Time";
import { authorOf, type Step } from "./answers";
import styles from "./Content.module.css";

export interface BlameCardProps {
  /** null: the line is from before the record. */
  readonly step: Omit<Step, "diff"> | null;
  /** Which of how many steps. */
  readonly number: number;
  readonly of: number;
  readonly line: number;
  readonly onClose: () => void;
}

export function BlameCard({ step, number, of, line, onClose }: BlameCardProps) {
  return (
    <aside className={styles.card} aria-label={`Line ${line}`}>
      <header className={styles.cardHead}>
        <h3>{`Line ${count(line)}`}</h3>
        <Button kind="quiet" icon="close" label="Close" onClick={onClose} />
      </header>
      {step === null ? (
        <p>It was there before the first change on record.</p>
      ) : (
        <>
          <p className={styles.who}>
            <Id id={authorOf(step)} />
            <Clock time={Date.parse(step.recorded_at)} />
            <Ago time={Date.parse(step.recorded_at)} />
          </p>
          <DecisionOf step={step} />
          <p className={styles.links}>
            <button type="button" className={styles.link} onClick={() => showStep(step.event_id)}>
              {`The change: step ${count(number)} of ${count(of)}`}
            </button>
            <Link to={{ sel: step.decision?.event_id ?? step.event_id }}>{step.decision ? "The decision" : "The event"}</Link>
            {step.trace_id && (
              <Link to={{ view: "trace", id: step.trace_id, sel: step.decision?.event_id ?? step.event_id }}>Its trace</Link>
            )}
            <button type="button" className={styles.link} onClick={() => showPosition(step.sequence)}>
              Show that moment
            </button>
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

/** What was decided, why, and what else could have been. */
export function DecisionOf({ step }: { step: Pick<Step, "decision" | "external"> }) {
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
        {decision.cost_usd !== null && <Chip tone="accent">{dollars(decision.cost_usd)}</Chip>}
      </p>
    </div>
  );
}
