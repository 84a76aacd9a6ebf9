// The event that `sel` names, beside the page: what it says, why, and what came of it.
import { useQuery } from "@tanstack/react-query";
import { api, take } from "../../api/client";
import { ApiProblem } from "../../api/problem";
import type { EventAnswer, EventDocument } from "../../api/schema";
import { addressStore, formatAddress, go, useAddress } from "../../stores/address";
import { useLive } from "../../stores/live";
import { showPosition } from "../../stores/playhead";
import { Button } from "../../ui/Button";
import { Chip } from "../../ui/Chip";
import { copyText } from "../../ui/copy";
import { count, words } from "../../ui/format";
import { visible } from "../../ui/hostile";
import { Link } from "../../ui/Link";
import { Answer } from "../../ui/Note";
import { Id, Line, Lines } from "../../ui/Text";
import { Ago, Clock } from "../../ui/Time";
import { toast } from "../../ui/toasts";
import { changeOf, decisionOf, isFields, outcomeOf, payloadOf } from "./answer";
import styles from "./event.module.css";
import { ChangeSection, DecisionSection, Fields, OutcomeSection, Section } from "./sections";

/** The tables are a moment behind the log. */
const MAX_TRIES = 10;
const AGAIN_MILLISECONDS = 500;
const MAX_RAW = 200_000;

export default function EventPanel() {
  const sel = useAddress((address) => address.sel);
  const seen = useLive((live) => live.events.find((each) => each.eventId === sel));
  const asked = useQuery({
    queryKey: ["event", sel],
    queryFn: ({ signal }) => take(api.GET("/api/events/{event_id}", { params: { path: { event_id: sel } }, signal })),
    retry: (failures, error) => failures < MAX_TRIES && isNotThereYet(error),
    retryDelay: AGAIN_MILLISECONDS,
  });
  return (
    <aside className={styles.panel} aria-label="Event">
      <header className={styles.bar}>
        <span className={styles.kind}>{words(asked.data?.event.payload_kind ?? seen?.kind ?? "event")}</span>
        <Button kind="quiet" icon="link" label="Copy the link to this event" onClick={() => void copyLink()} />
        <Button kind="quiet" icon="close" label="Close" keys="Esc" onClick={() => go({ sel: "" })} />
      </header>
      {asked.data === undefined && seen !== undefined && <Lines text={seen.sentence} className={styles.sentence} />}
      <Answer of={asked} what="this event">
        {(answer) => <Told answer={answer} />}
      </Answer>
    </aside>
  );
}

function isNotThereYet(error: unknown): boolean {
  return error instanceof ApiProblem && (error.isPassing || (error.isMissing && error.message !== "Not Found"));
}

async function copyLink(): Promise<void> {
  const link = location.origin + formatAddress(addressStore.getState());
  const done = await copyText(link);
  toast(done ? "Copied the link to this event" : link, done ? "good" : "plain");
}

function Told({ answer }: { answer: EventAnswer }) {
  const { event, cause, effects } = answer;
  const decision = decisionOf(event);
  const change = changeOf(event);
  const outcome = outcomeOf(event);
  const isKnown = decision !== null || change !== null || outcome !== null;
  const outcomes = decision === null ? [] : effects.flatMap((each) => outcomeOf(each) ?? []);
  return (
    <>
      <div className={styles.top}>
        {event.is_failure && <Chip tone="bad">failure</Chip>}
        <Lines text={event.sentence} className={styles.sentence} />
        <p className={styles.who}>
          <Id id={event.agent_id || event.agent_role} />
          {event.agent_id !== event.agent_role && event.agent_role && <span>{words(event.agent_role)}</span>}
          <Clock time={Date.parse(event.recorded_at)} />
          <Ago time={Date.parse(event.recorded_at)} />
        </p>
        <p className={styles.actions}>
          <Button onClick={() => showPosition(event.sequence)}>{`Show position ${count(event.sequence)}`}</Button>
          {event.trace_id && (
            <Link to={{ view: "trace", id: event.trace_id, sel: event.event_id }} className={styles.action}>
              Open its trace
            </Link>
          )}
          {change && (
            <Link to={toResource(change)} className={styles.action}>
              Open what it changed
            </Link>
          )}
        </p>
      </div>
      {decision && <DecisionSection decision={decision} cost={answer.cost_usd} />}
      {outcomes.map((each, at) => (
        <OutcomeSection key={at} outcome={each} title="What came of it" />
      ))}
      {change && <ChangeSection change={change} />}
      {outcome && <OutcomeSection outcome={outcome} title="What came of it" cost={answer.cost_usd} />}
      {!isKnown && <Fields title="What it says" fields={payloadOf(event)} />}
      <Section title="Because of">
        {cause ? <Neighbour event={cause} /> : <p className={styles.soft}>{event.causation_id ? "An event that is not on record" : "Nothing: it was the beginning"}</p>}
      </Section>
      <Section title={effects.length === 0 ? "It led to nothing yet" : "It led to"}>
        {effects.map((each) => (
          <Neighbour key={`${each.epoch}/${each.sequence}`} event={each} />
        ))}
        {answer.effects_left_out && <p className={styles.soft}>and more, which its trace has</p>}
      </Section>
      {isFields(event["attribution"]) && <Fields title="Who is behind it" fields={event["attribution"]} />}
      <Raw event={event} />
    </>
  );
}

function toResource(change: { resource: string; workspace: string; type: string }) {
  return { view: "state", id: change.resource, more: { w: change.workspace, t: change.type } } as const;
}

function Neighbour({ event }: { event: EventDocument }) {
  return (
    <Link to={{ sel: event.event_id }} className={styles.neighbour}>
      <span className={styles.kind}>{words(event.payload_kind ?? "unreadable")}</span>
      <span className={styles.by}>
        <Id id={event.agent_id} max={24} />
      </span>
      <span className={styles.said}>
        {event.is_failure && <b className={styles.failed}>failed </b>}
        <Line text={event.sentence} />
      </span>
    </Link>
  );
}

function Raw({ event }: { event: EventDocument }) {
  const text = JSON.stringify(event, null, 2);
  return (
    <details className={styles.raw}>
      <summary>All of it, as JSON</summary>
      <Button kind="quiet" onClick={() => void copyText(text).then((done) => toast(done ? "Copied the JSON" : "This browser does not let pages copy", done ? "good" : "bad"))}>
        Copy
      </Button>
      <pre tabIndex={0}>{visible(text.slice(0, MAX_RAW))}</pre>
      {text.length > MAX_RAW && <p className={styles.soft}>{`The first ${count(MAX_RAW)} of ${count(text.length)} characters; Copy has all.`}</p>}
    </details>
  );
}
