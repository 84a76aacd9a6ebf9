// How does the swarm stand, at a glance: what runs, what is stuck, what it costs; who does what; what
// waits for a person?
import type { Summary } from "../../api/schema";
import { Command } from "../../ui/Command";
import { Answer, Empty } from "../../ui/Note";
import { Panel } from "../../ui/Panel";
import { Agents } from "./Agents";
import { Alarms } from "./Alarms";
import { Figures } from "./Figures";
import { Headline } from "./Headline";
import styles from "./now.module.css";
import { Pulse } from "./Pulse";
import { useSummary } from "./summary";
import { Waiting } from "./Waiting";

export default function NowPage() {
  return (
    <Answer of={useSummary()} what="how the swarm stands">
      {(summary) => <Overview summary={summary} />}
    </Answer>
  );
}

function Overview({ summary }: { summary: Summary }) {
  return (
    <div className={styles.page}>
      <Headline summary={summary} />
      <Figures summary={summary} />
      <div className={styles.columns}>
        <div className={styles.column}>
          {isFresh(summary) && <FirstSteps />}
          <Agents agents={summary.agents} at={Date.parse(summary.at)} />
        </div>
        <div className={styles.column}>
          <Waiting waiting={summary.waits_for_person} />
          <Pulse pulse={summary.pulse} />
          <Alarms alarms={summary.alarms} incidents={summary.incidents} />
          {summary.left_out.length > 0 && (
            <Panel title="Not known at the moment">
              {summary.left_out.map((each) => (
                <p key={each}>{each}</p>
              ))}
            </Panel>
          )}
        </div>
      </div>
    </div>
  );
}

/** The mesh looks after itself with a task now and then. */
const OWN_TASKS = 2;

/** Nobody has given it anything to do yet. */
function isFresh(summary: Summary): boolean {
  const known = Object.values(summary.tasks).reduce((sum, each) => sum + each, 0);
  return known <= OWN_TASKS && summary.agents.every((each) => each.kind === "worker");
}

function FirstSteps() {
  return (
    <Panel title="Nothing has been done here yet">
      <Empty title="Give the swarm its first objective">
        <p>Paste this into a terminal and stay here: its first event appears within a second, on this page and in the strip below.</p>
      </Empty>
      <Command text={`ganglion objectives add "diagnose this machine" --plan diagnose`} />
      <p className={styles.or}>Or let a simulated swarm of fifty agents work on this mesh for a moment:</p>
      <Command text="ganglion simulate" />
    </Panel>
  );
}
