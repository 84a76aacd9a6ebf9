// Positions of the log that could not be read as events: where, why, how their bytes begin. What can be
// read by now is put back.
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, newRequestKey, take } from "../../api/client";
import { queries } from "../../api/moment";
import { ApiProblem, sentenceOf } from "../../api/problem";
import type { Acted, ParkedPosition } from "../../api/schema";
import { showPosition } from "../../stores/playhead";
import { Button } from "../../ui/Button";
import { Command } from "../../ui/Command";
import { Dialog } from "../../ui/Dialog";
import { bytes, count, counted } from "../../ui/format";
import { visible } from "../../ui/hostile";
import { Answer, Empty, Loading } from "../../ui/Note";
import { Panel } from "../../ui/Panel";
import { Id, Line, Lines } from "../../ui/Text";
import { Ago } from "../../ui/Time";
import { toast } from "../../ui/toasts";
import { tell } from "../ask";
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
          </Panel>
        )
      }
    </Answer>
  );
}

function One({ parked }: { parked: ParkedPosition }) {
  const [isAsking, setIsAsking] = useState(false);
  return (
    <li className={styles.one}>
      <div className={styles.what}>
        <Lines text={parked.reason} className={styles.reason} />
        <p className={styles.facts}>
          <button type="button" className={styles.link} onClick={() => showPosition(parked.position)}>
            {`position ${count(parked.position)}`}
          </button>
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
      <Button onClick={() => setIsAsking(true)}>Replay …</Button>
      {isAsking && <Replay parked={parked} onClose={() => setIsAsking(false)} />}
    </li>
  );
}

function Refused({ error }: { error: unknown }) {
  if (error instanceof ApiProblem && error.isMissing && error.message === "Not Found") {
    return (
      <div role="alert" className={styles.refused}>
        <p>This mission control replays nothing. The command publishes all again that can be read by now:</p>
        <Command text="ganglion parked replay" />
      </div>
    );
  }
  return (
    <p role="alert" className={styles.refused}>
      {visible(sentenceOf(error))}
    </p>
  );
}

/** What would follow is shown first. */
function Replay({ parked, onClose }: { parked: ParkedPosition; onClose: () => void }) {
  const path = `/api/parked/${parked.epoch}.${parked.position}/replay`;
  const [key] = useState(newRequestKey);
  const would = useQuery({
    queryKey: ["would replay", path],
    queryFn: () => tell<Acted>(`${path}?dry_run=true`, {}),
    gcTime: 0,
  });
  const act = useMutation({
    mutationFn: () => tell<Acted>(path, {}, { "Idempotency-Key": key }),
    onSuccess: () => {
      toast(`Position ${count(parked.position)} was published again`, "good");
      void queries.invalidateQueries({ queryKey: ["parked"] });
      onClose();
    },
  });
  const error = act.error ?? would.error;
  return (
    <Dialog
      title={`Replay position ${count(parked.position)}`}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>Leave it</Button>
          <Button kind="main" disabled={would.data === undefined || act.isPending} onClick={() => act.mutate()}>
            Publish it again
          </Button>
        </>
      }
    >
      <p>
        <Line text={parked.reason} />
      </p>
      {error ? (
        <Refused error={error} />
      ) : would.data === undefined ? (
        <Loading what="what would follow" />
      ) : (
        <ul className={styles.would}>
          {(would.data.would ?? []).map((each) => (
            <li key={each}>{visible(each)}</li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}
