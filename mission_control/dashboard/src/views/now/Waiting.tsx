// What goes on only if a person says so?
import { ActButton } from "../../acts/ActButton";
import { approve, deny, retryTask } from "../../acts/acts";
import type { WaitingForPerson } from "../../api/schema";
import type { ViewName } from "../../stores/address";
import { useAt } from "../../stores/playhead";
import { milliseconds } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Link } from "../../ui/Link";
import { Panel } from "../../ui/Panel";
import { Lines } from "../../ui/Text";
import { Ago } from "../../ui/Time";
import styles from "./Waiting.module.css";

const NAMES = { approval: "Approval", set_aside: "Task set aside", incident: "Incident" } as const;
const VIEWS = { approval: "objectives", set_aside: "tasks", incident: "incidents" } as const satisfies Record<string, ViewName>;

export function Waiting({ waiting }: { waiting: readonly WaitingForPerson[] }) {
  const isLive = useAt() === null;
  return (
    <Panel title="Waits for you" aside={waiting.length || undefined}>
      {waiting.length === 0 && (
        <p className={styles.nothing}>
          <Icon name="check" /> Nothing does.
        </p>
      )}
      <ul className={styles.list}>
        {waiting.map((each) => (
          <li key={`${each.kind} ${each.id}`} className={styles.item} data-kind={each.kind}>
            <p className={styles.kind}>
              {NAMES[each.kind]}
              {each.since && (
                <span>
                  {" · "}
                  <Ago time={milliseconds(each.since)} />
                </span>
              )}
            </p>
            <Link to={{ view: VIEWS[each.kind], id: each.id }} className={styles.text}>
              <Lines text={each.text || each.id} />
            </Link>
            {isLive && <Acts each={each} />}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Acts({ each }: { each: WaitingForPerson }) {
  if (each.kind === "approval")
    return (
      <div className={styles.acts}>
        <ActButton act={approve(each.id, each.text)} kind="main" />
        <ActButton act={deny(each.id, each.text)} />
      </div>
    );
  if (each.kind === "set_aside")
    return (
      <div className={styles.acts}>
        <ActButton act={retryTask(each.id)} />
      </div>
    );
  return null;
}
