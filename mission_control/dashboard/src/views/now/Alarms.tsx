// What went wrong of late, and what helps?
import type { Alarm, PastIncident } from "../../api/schema";
import { Chip, type Tone } from "../../ui/Chip";
import { milliseconds, words } from "../../ui/format";
import { Link } from "../../ui/Link";
import { Panel } from "../../ui/Panel";
import { Lines } from "../../ui/Text";
import { Ago } from "../../ui/Time";
import styles from "./Alarms.module.css";

const TONES: Readonly<Record<string, Tone>> = { info: "plain", warning: "warn", critical: "bad", minor: "warn", major: "bad" };

export function Alarms({ alarms, incidents }: { alarms: readonly Alarm[]; incidents: readonly PastIncident[] }) {
  const shown = alarms.filter((each) => each.severity !== "info");
  if (shown.length === 0 && incidents.length === 0) return null;
  return (
    <Panel title="Alerts" aside={shown.length + incidents.length}>
      <ul className={styles.list}>
        {incidents.map((each) => (
          <li key={each.incident_id}>
            <p className={styles.head}>
              <Chip tone={TONES[each.incident_class] ?? "warn"}>{words(each.incident_class)}</Chip>
              <span>
                incident, <Ago time={milliseconds(each.opened_at)} />
              </span>
            </p>
            <Link to={{ view: "incidents", id: each.incident_id }}>
              <Lines text={each.summary} />
            </Link>
          </li>
        ))}
        {shown.map((each) => (
          <li key={each.event_id}>
            <p className={styles.head}>
              <Chip tone={TONES[each.severity] ?? "plain"}>{words(each.name)}</Chip>
              <span>
                <Ago time={milliseconds(each.raised_at)} />
                {each.times > 1 && `, ${each.times} times`}
              </span>
            </p>
            <Link to={{ sel: each.event_id }} className={styles.text}>
              <Lines text={each.message} />
            </Link>
            {each.action && <Lines className={styles.action} text={each.action} />}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
