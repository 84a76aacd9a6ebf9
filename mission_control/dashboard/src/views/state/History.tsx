// How did it become so? Each change with its difference and the decision behind it.
import { useMemo, useState } from "react";
import { diffOfPatch, diffOfTexts } from "../../engine/diff";
import type { ChainStep } from "../../api/schema";
import { go, useAddress } from "../../stores/address";
import { showPosition } from "../../stores/playhead";
import { Button } from "../../ui/Button";
import { Chip } from "../../ui/Chip";
import { count } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { Link } from "../../ui/Link";
import { Line } from "../../ui/Text";
import { TextButton } from "../../ui/TextButton";
import { Ago } from "../../ui/Time";
import { DiffView } from "../diff/DiffView";
import { isUnifiedDiff } from "../event/answer";
import { authorOf } from "./answers";
import { DecisionOf } from "./BlameCard";
import styles from "./History.module.css";

export function History({ steps, isCut }: { steps: readonly ChainStep[]; isCut: boolean }) {
  const more = useAddress((address) => address.more);
  const [isSplit, setIsSplit] = useState(() => matchMedia("(min-width: 1600px)").matches);
  const wanted = steps.findIndex((each) => each.event_id === more["step"]);
  const at = wanted < 0 ? steps.length - 1 : wanted;
  const step = steps[at]!;
  const open = (index: number) => {
    const next = steps[Math.min(steps.length - 1, Math.max(0, index))];
    if (next !== undefined) go({ more: { ...more, step: next.event_id } }, { replace: true });
  };
  useKeys([
    { keys: "[", label: "Step before", group: "History", run: () => open(at - 1) },
    { keys: "]", label: "Next step", group: "History", run: () => open(at + 1) },
    { keys: "v", label: "Side by side, or below each other", group: "History", run: () => setIsSplit(!isSplit) },
  ]);
  return (
    <div className={styles.history}>
      <ol className={styles.steps} aria-label="Steps, the last first">
        {[...steps.entries()].reverse().map(([index, each]) => (
          <li key={each.event_id}>
            <button type="button" className={styles.step} aria-current={index === at || undefined} onClick={() => open(index)}>
              <span className={styles.number}>{each.number + 1}</span>
              <span className={styles.what}>
                <Line text={each.decision?.chosen_action || (each.external ? "found changed" : "changed without a decision")} />
                <span className={styles.who}>
                  <Line text={authorOf(each)} />
                  <Ago time={Date.parse(each.recorded_at)} />
                </span>
              </span>
            </button>
          </li>
        ))}
        {isCut && <li className={styles.note}>Earlier steps are left out.</li>}
      </ol>
      <div className={styles.shown}>
        <header className={styles.head}>
          <Button kind="quiet" icon="before" label="Step before" keys="[" disabled={at === 0} onClick={() => open(at - 1)} />
          <Button kind="quiet" icon="after" label="Next step" keys="]" disabled={at === steps.length - 1} onClick={() => open(at + 1)} />
          <b>{`Step ${count(step.number + 1)} of ${count(steps.at(-1)!.number + 1)}`}</b>
          {step.previous_hash === "" && <Chip tone="accent">new</Chip>}
          {step.new_hash === "" && <Chip tone="warn">removed</Chip>}
          {step.external && <Chip tone="warn">from outside</Chip>}
          {!step.follows && <Chip tone="warn">does not begin where the step before ended</Chip>}
          <span className={styles.actions}>
            <Link to={{ sel: step.event_id }}>Open the event</Link>
            <TextButton onClick={() => showPosition(step.position)}>
              Show that moment
            </TextButton>
            <Button aria-pressed={isSplit} onClick={() => setIsSplit(!isSplit)} keys="v" label="Side by side">
              Side by side
            </Button>
          </span>
        </header>
        <div className={styles.why}>
          <DecisionOf step={step} />
        </div>
        <StepDiff step={step} before={steps[at - 1]?.diff ?? ""} isSplit={isSplit} />
      </div>
    </div>
  );
}

/** `before`: of a variable, the value that the step before gave it. */
function StepDiff({ step, before, isSplit }: { step: ChainStep; before: string; isSplit: boolean }) {
  const recorded = step.diff ?? "";
  const diff = useMemo(
    () => (isUnifiedDiff(recorded) ? diffOfPatch(recorded) : diffOfTexts(isUnifiedDiff(before) ? "" : before, recorded, { whole: true })),
    [recorded, before],
  );
  if (step.truncated) return <p className={styles.note}>Its difference is not on record: it is binary, or too large. The hashes still hold.</p>;
  if (step.diff === null) return <p className={styles.note}>The differences of all steps are too much for one answer: this one is in its event.</p>;
  if (step.diff === "") return <p className={styles.note}>No difference was recorded.</p>;
  return <DiffView diff={diff} isSplit={isSplit} />;
}
