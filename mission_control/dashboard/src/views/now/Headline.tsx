// The swarm in three sentences, and whether somebody stopped it.
import type { ReactNode } from "react";
import { ActButton } from "../../acts/ActButton";
import { halt, resume } from "../../acts/acts";
import type { Summary } from "../../api/schema";
import { useAt } from "../../stores/playhead";
import { Chip, type Tone } from "../../ui/Chip";
import { Icon } from "../../ui/Icon";
import { Lines } from "../../ui/Text";
import styles from "./Headline.module.css";

const TONES: Readonly<Record<string, Tone>> = { operational: "good", degraded: "warn", halted: "bad" };

export function Headline({ summary }: { summary: Summary }) {
  const { sentences, halted, mode } = summary;
  const isStuck = sentences.stuck !== "nothing is stuck";
  const isLive = useAt() === null;
  return (
    <section className={styles.headline} aria-label="How the swarm stands">
      <div className={styles.mode}>
        <Chip tone={TONES[mode] ?? "plain"} title={summary.mode_reason}>
          {capital(mode)}
        </Chip>
        <span className={styles.reason}>{summary.mode_reason}</span>
        {isLive && <span className={styles.act}>{halted ? <ActButton act={resume} kind="main" /> : <ActButton act={halt} />}</span>}
      </div>
      {halted && (
        <p className={styles.halted} role="alert">
          <Icon name="stop" size={18} />
          <span>
            <b>Stopped by {halted.by || "somebody"}</b>
            {halted.reason ? `: ${halted.reason}` : ""}.{" "}
            {halted.now ? "What was being done was ended, and waits." : "What was being done goes on; nothing new is handed out."}
          </span>
        </p>
      )}
      <dl className={styles.sentences}>
        <Sentence name="Runs">{sentences.runs}</Sentence>
        <Sentence name="Stuck" tone={isStuck ? "warn" : undefined}>
          {sentences.stuck}
        </Sentence>
        <Sentence name="Costs">{sentences.costs}</Sentence>
      </dl>
    </section>
  );
}

function Sentence({ name, tone, children }: { name: string; tone?: string | undefined; children: string }): ReactNode {
  return (
    <div className={styles.sentence} data-tone={tone}>
      <dt>{name}</dt>
      <dd>
        <Lines text={capital(children)} />
      </dd>
    </div>
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
