// What changed between two moments? What came, went and is another now, with the events that did it.
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, take } from "../../api/client";
import { ApiProblem } from "../../api/problem";
import type { BetweenAnswer, DifferenceAnswer } from "../../api/schema";
import { go, useAddress } from "../../stores/address";
import { useLive } from "../../stores/live";
import { shownPosition } from "../../stores/playhead";
import { Button } from "../../ui/Button";
import { Chip, type Tone } from "../../ui/Chip";
import { count, counted, moment, words } from "../../ui/format";
import { Link } from "../../ui/Link";
import { Answer, Empty } from "../../ui/Note";
import { Panel } from "../../ui/Panel";
import { Id, Line } from "../../ui/Text";
import { useNow } from "../../ui/Time";
import styles from "./Compare.module.css";
import { keyText } from "./answers";
import { changedFiles, eventText, fieldsOf, grouped } from "./difference";
import { fetchResources } from "./fetchResources";

const MAX_FILES = 500;

export function Compare() {
  const more = useAddress((address) => address.more);
  const end = useLive((live) => live.end);
  const from = more["compare"] === "now" ? "" : (more["compare"] ?? "");
  const to = more["to"] ?? "";
  const asked = useQuery({
    queryKey: ["between", from, to],
    queryFn: ({ signal }) => fetchBetween(from, to, signal),
    enabled: from !== "" && to !== "",
  });
  return (
    <div className={styles.page}>
      <Moments key={`${from} ${to}`} from={from || String(Math.max(1, shownPosition() - 100))} to={to || String(Math.max(1, shownPosition() || end))} />
      {from && to ? (
        <>
          <Answer of={asked} what="what changed">
            {(between) => <Told between={between} />}
          </Answer>
          <Files from={from} to={to} />
        </>
      ) : (
        <Empty title="Choose two moments">
          <p>A position of the log, such as 1200, or a time, such as 2026-11-30T14:03:27Z.</p>
        </Empty>
      )}
    </div>
  );
}

async function fetchBetween(from: string, to: string, signal: AbortSignal): Promise<BetweenAnswer> {
  const told = await take(api.GET("/api/state", { params: { query: { at: from, diff: to } }, signal }));
  if (!("differences" in told)) throw new ApiProblem(0, "mission control told the state of one moment, not of two");
  return told;
}

function Moments(given: { from: string; to: string }) {
  const [from, setFrom] = useState(given.from);
  const [to, setTo] = useState(given.to);
  const compare = (event: FormEvent) => {
    event.preventDefault();
    go({ more: { compare: from.trim(), to: to.trim() } }, { replace: true });
  };
  return (
    <form className={styles.moments} onSubmit={compare}>
      <label>
        <span>From</span>
        <input value={from} onChange={(event) => setFrom(event.target.value)} required />
        <Button onClick={() => setFrom(String(shownPosition()))}>Playhead</Button>
      </label>
      <label>
        <span>To</span>
        <input value={to} onChange={(event) => setTo(event.target.value)} required />
        <Button onClick={() => setTo(String(shownPosition()))}>Playhead</Button>
      </label>
      <Button kind="main" type="submit">
        Compare
      </Button>
      <Link to={{ more: {} }} className={styles.back}>
        Files and variables
      </Link>
    </form>
  );
}

function Told({ between }: { between: BetweenAnswer }) {
  const now = useNow();
  const groups = grouped(between.differences);
  const at = (place: { recorded_at: string; position: number }) => `${moment(Date.parse(place.recorded_at), now)} (${count(place.position)})`;
  return (
    <>
      <p className={styles.summary}>
        {`From ${at(between.from)} to ${at(between.to)}: `}
        <b>{groups.length === 0 ? "nothing changed" : `${counted(between.differences.length, "thing")} changed`}</b>
      </p>
      {!between.explained && <p className={styles.cut}>The moments lie too far apart to look for the events that did it.</p>}
      {between.differences_left_out > 0 && <p className={styles.cut}>{`${count(between.differences_left_out)} more are left out.`}</p>}
      {groups.map(([section, differences]) => (
        <Panel key={section} title={<span className={styles.section}>{words(section)}</span>} aside={count(differences.length)} flush>
          <ul>
            {differences.map((each) => (
              <One key={each.id} difference={each} />
            ))}
          </ul>
        </Panel>
      ))}
    </>
  );
}

const TONES: Readonly<Record<DifferenceAnswer["way"], Tone>> = { came: "good", went: "warn", changed: "accent" };

/** Files and variables that are another, from the same two moments. */
function Files({ from, to }: { from: string; to: string }) {
  const asked = useQuery({
    queryKey: ["changed files", from, to],
    queryFn: async ({ signal }) => {
      const [before, after] = await Promise.all([fetchResources(from, signal), fetchResources(to, signal)]);
      return { files: changedFiles(before.resources, after.resources), isCut: before.isCut || after.isCut };
    },
  });
  return (
    <Answer of={asked} what="files and variables">
      {({ files, isCut }) => (
        <Panel title="Files and variables" aside={count(files.length)} flush>
          <ul>
            {files.slice(0, MAX_FILES).map(({ way, resource }) => (
              <li key={keyText(resource)} className={styles.one}>
                <Chip tone={TONES[way]}>{way}</Chip>
                <div className={styles.what}>
                  <Link to={{ id: resource.name, more: { w: resource.workspace, t: resource.type, as: "history", step: resource.event_id } }}>
                    <Id id={resource.name} max={120} />
                  </Link>
                  <span className={styles.faint}>
                    <Line text={`${resource.workspace || "no workspace"}, last by ${resource.agent_id}`} />
                  </span>
                </div>
              </li>
            ))}
          </ul>
          {(isCut || files.length > MAX_FILES) && <p className={styles.cut}>There are more than are shown.</p>}
          {files.length === 0 && <p className={styles.cut}>None changed.</p>}
        </Panel>
      )}
    </Answer>
  );
}

function One({ difference }: { difference: DifferenceAnswer }) {
  return (
    <li className={styles.one}>
      <Chip tone={TONES[difference.way]}>{difference.way}</Chip>
      <div className={styles.what}>
        <Id id={difference.id} max={80} />
        <dl className={styles.fields}>
          {fieldsOf(difference).map(({ name, before, after }) => (
            <div key={name}>
              <dt>{words(name)}</dt>
              <dd>
                {before !== null && (
                  <del>
                    <Line text={before} />
                  </del>
                )}
                {before !== null && after !== null && <span aria-label="became">→</span>}
                {after !== null && (
                  <ins>
                    <Line text={after} />
                  </ins>
                )}
              </dd>
            </div>
          ))}
        </dl>
        {difference.events.map(eventText).map(({ id, text }) => (
          <Link key={id} to={{ sel: id }} className={styles.event}>
            <Line text={text} />
          </Link>
        ))}
        {difference.events_left_out > 0 && <span className={styles.faint}>{`and ${counted(difference.events_left_out, "earlier event")}`}</span>}
      </div>
    </li>
  );
}
