// The parts of an event's panel: a decision with its reasons, a change with its difference, an outcome.
import { type ReactNode, useMemo } from "react";
import { diffOfPatch, diffOfTexts } from "../../engine/diff";
import { Chip } from "../../ui/Chip";
import { Fact } from "../../ui/Fact";
import { count, dollars, duration, words } from "../../ui/format";
import { Id, Lines } from "../../ui/Text";
import { DiffView } from "../diff/DiffView";
import { type Change, type Decision, isUnifiedDiff, type Outcome } from "./answer";
import styles from "./event.module.css";

export function Section({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <section className={styles.section}>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

export function DecisionSection({ decision, cost }: { decision: Decision; cost: number | null }) {
  return (
    <>
      {decision.chosen && (
        <Section title="Chosen">
          <Lines text={decision.chosen} className={styles.chosen} />
        </Section>
      )}
      <Section title="Why">
        <Lines text={decision.rationale || "It did not say."} />
      </Section>
      <Section title={decision.rejected.length === 0 ? "Nothing else was considered" : "Turned down"}>
        <ul className={styles.rejected}>
          {decision.rejected.map((each, at) => (
            <li key={at}>
              <Lines text={each} />
            </li>
          ))}
        </ul>
      </Section>
      <dl className={styles.facts}>
        {decision.trigger && (
          <Fact name="Asked by">
            <Lines text={decision.trigger} />
          </Fact>
        )}
        <Fact name="Confidence">
          {decision.confidence === null ? (
            "not said"
          ) : (
            <span className={styles.confidence}>
              <span className={styles.meter} aria-hidden="true">
                <span style={{ width: `${Math.min(1, Math.max(0, decision.confidence)) * 100}%` }} />
              </span>
              {`${Math.round(decision.confidence * 100)} %`}
            </span>
          )}
        </Fact>
        <Fact name="Cost">{cost === null ? "not said" : dollars(cost)}</Fact>
      </dl>
    </>
  );
}

export function OutcomeSection(props: { outcome: Outcome; title: string; cost?: number | null }) {
  const { outcome, title, cost } = props;
  const tone = { succeeded: "good", failed: "bad" }[outcome.status] as "good" | "bad" | undefined;
  return (
    <Section title={title}>
      <p className={styles.actions}>
        <Chip tone={tone ?? "plain"}>{outcome.status || "not said"}</Chip>
        {outcome.exitCode !== null && <span>{`exit code ${outcome.exitCode}`}</span>}
        {outcome.seconds !== null && <span>{duration(outcome.seconds * 1000)}</span>}
        {outcome.tokens !== null && <span>{`${count(outcome.tokens)} tokens`}</span>}
        {cost != null && <span>{dollars(cost)}</span>}
        {outcome.provenance && outcome.provenance !== "unspecified" && <span>{`cost ${outcome.provenance}`}</span>}
      </p>
      {outcome.output && <Lines text={outcome.output} className={styles.output} />}
    </Section>
  );
}

export function ChangeSection({ change }: { change: Change }) {
  const diff = useMemo(
    () => (isUnifiedDiff(change.diff) ? diffOfPatch(change.diff) : diffOfTexts("", change.diff, { whole: true })),
    [change.diff],
  );
  return (
    <Section title="What it changed">
      <p className={styles.actions}>
        <Id id={change.resource} max={80} />
        {change.isNew && <Chip tone="accent">new</Chip>}
        {change.isGone && <Chip tone="warn">removed</Chip>}
        {change.isExternal && <Chip tone="warn">found changed: nobody in the swarm did it</Chip>}
      </p>
      {change.isTruncated && <p className={styles.soft}>Its difference is not on record: it is binary, or too large.</p>}
      {!change.isTruncated && change.diff && (
        <div className={styles.diff}>
          <DiffView diff={diff} isSplit={false} />
        </div>
      )}
    </Section>
  );
}

/** Whatever else an event says: names and values. */
export function Fields({ title, fields }: { title: string; fields: Readonly<Record<string, unknown>> }) {
  const entries = Object.entries(fields).filter(([, value]) => value !== "" && value !== null);
  if (entries.length === 0) return null;
  return (
    <Section title={title}>
      <dl className={styles.facts}>
        {entries.map(([name, value]) => (
          <Fact key={name} name={words(name)}>
            <Lines text={typeof value === "object" ? JSON.stringify(value, null, 1) : String(value)} className={styles.value} />
          </Fact>
        ))}
      </dl>
    </Section>
  );
}
