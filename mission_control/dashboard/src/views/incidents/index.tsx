// What went wrong, what was done about it, and what came of that?
import { useMemo, useRef } from "react";
import { api, take } from "../../api/client";
import { useAtPlayhead } from "../../api/moment";
import type { PastIncident } from "../../api/schema";
import { go, useAddress } from "../../stores/address";
import { showPosition } from "../../stores/playhead";
import { nextMark } from "../../timeline/scale";
import { knownTimeline } from "../../timeline/timeline";
import { Button } from "../../ui/Button";
import { Chip, type Tone } from "../../ui/Chip";
import { duration, milliseconds, words } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { useKeys } from "../../ui/keys";
import { Link } from "../../ui/Link";
import list from "../../ui/list.module.css";
import { Answer, Empty } from "../../ui/Note";
import { Search } from "../../ui/Search";
import { Side } from "../../ui/Side";
import { Line, Lines } from "../../ui/Text";
import { Ago, Clock, Since } from "../../ui/Time";
import styles from "./incidents.module.css";

const LIMIT = 500;
const TONES: Readonly<Record<string, Tone>> = { minor: "warn", major: "bad", critical: "bad" };

export default function IncidentsPage() {
  const { id, q } = useAddress();
  const search = useRef<HTMLInputElement>(null);
  const found = useAtPlayhead(["incidents"], ({ at, signal }) => {
    const moment = at === undefined ? {} : { at: String(at) };
    return take(api.GET("/api/incidents", { params: { query: { limit: LIMIT, ...moment } }, signal }));
  }  );
  useKeys([
    { keys: "/", label: "Filter", run: () => search.current?.focus() },
    ...(id ? [{ keys: "Escape", label: "Close the incident", run: () => go({ id: "" }) }] : []),
  ]);
  return (
    <Answer of={found} what="the incidents">
      {(answer) => {
        const known = answer.incidents;
        const open = known.find((each) => each.incident_id === id);
        return (
          <div className={list.page} data-open={id !== "" || undefined}>
            <div className={list.main}>
              <div className={list.toolbar}>
                <Search inputRef={search} value={q} label="Filter incidents" onChange={(text) => go({ q: text }, { replace: true })} />
              </div>
              <Rows incidents={known} q={q} open={id} />
            </div>
            {id && <IncidentPanel id={id} incident={open} />}
          </div>
        );
      }}
    </Answer>
  );
}

function Rows({ incidents, q, open }: { incidents: readonly PastIncident[]; q: string; open: string }) {
  const shown = useMemo(() => {
    const wanted = q.toLowerCase().split(/\s+/).filter(Boolean);
    return incidents.filter((each) =>
      wanted.every((word) => `${each.summary} ${each.rule} ${each.subject} ${each.incident_class}`.toLowerCase().includes(word)),
    );
  }, [incidents, q]);
  if (shown.length === 0)
    return (
      <Empty title={q ? "No incident is like that" : "Nothing has gone wrong"}>
        {!q && <p>The guardian watches; what it finds, what it does about it and what comes of that stands here.</p>}
      </Empty>
    );
  return (
    <ul className={list.rows} tabIndex={0} aria-label="Incidents">
      {shown.map((each) => (
        <li key={each.incident_id}>
          <Link
            to={{ id: each.incident_id === open ? "" : each.incident_id, sel: "" }}
            className={each.incident_id === open ? `${list.row} ${list.open}` : list.row}
          >
            <span className={list.state}>
              <State incident={each} />
            </span>
            <span className={list.text}>
              <Line text={each.summary} />
              <Line className={list.faint} text={`${words(each.rule)}: ${each.subject}`} />
            </span>
            <span className={list.aside}>
              <Ago time={milliseconds(each.opened_at)} />
              <br />
              {each.closed_at ? `over after ${lasted(each)}` : <Since time={milliseconds(each.opened_at)} />}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

function lasted(incident: PastIncident): string {
  return duration(milliseconds(incident.closed_at) - milliseconds(incident.opened_at));
}

function State({ incident }: { incident: PastIncident }) {
  if (incident.closed_at == null) return <Chip tone={TONES[incident.incident_class] ?? "warn"}>{words(incident.incident_class)}, open</Chip>;
  return incident.recovered ? <Chip tone="good">recovered</Chip> : <Chip tone="bad">not recovered</Chip>;
}

function IncidentPanel({ id, incident }: { id: string; incident: PastIncident | undefined }) {
  const close = () => go({ id: "" });
  if (incident === undefined)
    return (
      <Side title={id} label="Incident" onClose={close}>
        <Empty title="At this moment there was no such incident" />
      </Side>
    );
  const begin = milliseconds(incident.opened_at);
  const showThen = () => {
    const mark = nextMark(
      knownTimeline().marks.filter((each) => each.time >= begin - 1_000),
      0,
      1,
    );
    if (mark !== undefined) showPosition(mark.position);
  };
  return (
    <Side title={incident.summary} label="Incident" onClose={close}>
      <p className={styles.head}>
        <State incident={incident} />
        <span>
          {words(incident.rule)}, {incident.subject}
        </span>
      </p>
      <div className={styles.acts}>
        <Button icon="clock" onClick={showThen}>
          Show that moment
        </Button>
        {incident.cause_event_id && (
          <Link to={{ sel: incident.cause_event_id }} className={styles.cause}>
            <Icon name="link" /> What caused it
          </Link>
        )}
      </div>
      {incident.root_cause && (
        <section>
          <h3>Root cause</h3>
          <Lines text={incident.root_cause} />
        </section>
      )}
      <section>
        <h3>What happened</h3>
        <ol className={styles.timeline}>
          {(incident.timeline ?? []).map((each, index) => (
            <li key={index}>
              <span title={new Date(begin + each.after_seconds * 1000).toLocaleString()}>+{duration(each.after_seconds * 1000)}</span>
              <Lines text={each.text} />
            </li>
          ))}
          {incident.closed_at && (
            <li data-end>
              <Clock time={milliseconds(incident.closed_at)} />
              <p>
                {incident.recovered ? "Recovered" : "Given up"} after {lasted(incident)}
              </p>
            </li>
          )}
        </ol>
      </section>
    </Side>
  );
}
