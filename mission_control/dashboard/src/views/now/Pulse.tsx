// What did the overseer find at its last pulse: reflect, plan, act, critique?
import type { PulseReport } from "../../api/schema";
import { showPosition } from "../../stores/playhead";
import { count, milliseconds, words } from "../../ui/format";
import { Link } from "../../ui/Link";
import { Panel } from "../../ui/Panel";
import { Lines } from "../../ui/Text";
import { Ago } from "../../ui/Time";
import styles from "./Pulse.module.css";

const PHASES = ["reflect", "plan", "act", "critique"] as const;

export function Pulse({ pulse }: { pulse: PulseReport | null }) {
  if (pulse === null)
    return (
      <Panel title="Last pulse">
        <p>There was none yet.</p>
      </Panel>
    );
  return (
    <Panel
      title="Last pulse"
      aside={
        <>
          {count(pulse.number)} · <Ago time={milliseconds(pulse.recorded_at)} />
        </>
      }
      actions={
        <button type="button" className={styles.there} onClick={() => showPosition(pulse.position)}>
          Show that moment
        </button>
      }
    >
      <ol className={styles.phases}>
        {PHASES.map((phase) => (
          <li key={phase}>
            <span className={styles.name}>{phase}</span>
            <Lines text={pulse.phases[phase]} />
          </li>
        ))}
      </ol>
      <ul className={styles.indicators} aria-label="Key indicators">
        {pulse.indicators.map((each) => (
          <li key={each.name} data-met={each.value == null ? undefined : each.met}>
            <span aria-hidden="true">{each.value == null ? "–" : each.met ? "✓" : "✕"}</span>
            <span className={styles.indicator}>{words(each.name)}</span>
            <span>
              {each.value == null ? "not measured" : shortNumber(each.value)}
              <span className={styles.target}> / {shortNumber(each.target)}</span>
            </span>
          </li>
        ))}
      </ul>
      <Link to={{ sel: pulse.event_id }}>The event</Link>
    </Panel>
  );
}

function shortNumber(value: number): string {
  return Number.isInteger(value) ? count(value) : value.toFixed(1);
}
