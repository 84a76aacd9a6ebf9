// Positions of the log that could not be read as events: where, why, how their bytes begin. What can be
// read by now is put back.
import { useQuery } from "@tanstack/react-query";
import { ActButton } from "../../acts/ActButton";
import { replayParked } from "../../acts/acts";
import { api, take } from "../../api/client";
import type { ParkedPosition } from "../../api/schema";
import { showPosition } from "../../stores/playhead";
import { Command } from "../../ui/Command";
import { bytes, count, counted } from "../../ui/format";
import { visible } from "../../ui/hostile";
import { Answer, Empty } from "../../ui/Note";
import { Panel } from "../../ui/Panel";
import { Id, Lines } from "../../ui/Text";
import { TextButton } from "../../ui/TextButton";
import { Ago } from "../../ui/Time";
import { bytesAsText } from "./bytesAsText";
import styles from "./Parked.module.css";

const LIMIT = 200;

export default function Parked() {
  const asked = useQuery({
    queryKey: ["parked"],
    queryFn: ({ signal }) =>
      take(api.GET("/api/parked", { params: { query: { limit: LIMIT } }, signal })),
    meta: { isLive: true },
  });
  return (
    <Answer of={asked} what="parked positions">
      {({ parked, next_cursor: more }) =>
        parked.length === 0 ? (
          <Empty title="Nothing is parked">
            <p>Every position of the log could be read as an event. What cannot be read, or breaks the contract, is kept here with its reason and its bytes, and holds up nobody.</p>
          </Empty>
        ) : (
          <Panel title="Parked" aside={more === null ? counted(parked.length, "position") : `the last ${count(parked.length)}`} flush>
            <ul>
              {parked.map((each) => (
                <One key={`${each.epoch}.${each.position}`} parked={each} />
              ))}
            </ul>
            <div className={styles.all}>
              <p>This publishes all again that can be read by now:</p>
              <Command text="ganglion parked replay" />
            </div>
          </Panel>
        )
      }
    </Answer>
  );
}

function One({ parked }: { parked: ParkedPosition }) {
  return (
    <li className={styles.one}>
      <div className={styles.what}>
        <Lines text={parked.reason} className={styles.reason} />
        <p className={styles.facts}>
          <TextButton onClick={() => showPosition(parked.position)}>
            {`position ${count(parked.position)}`}
          </TextButton>
          <span>{`epoch ${parked.epoch}`}</span>
          <Ago time={Date.parse(parked.recorded_at)} />
          <span>{bytes(parked.size_bytes)}</span>
          <Id id={parked.subject} max={80} />
        </p>
        <details className={styles.bytes}>
          <summary>How it begins</summary>
          <pre>{visible(bytesAsText(parked.beginning_hex))}</pre>
        </details>
      </div>
      <ActButton act={replayParked(parked.epoch, parked.position)} />
    </li>
  );
}
