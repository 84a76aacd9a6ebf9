// What does somebody see who is not let in, or not yet?
import type { SessionState } from "../api/session";
import { Command } from "../ui/Command";
import styles from "./Gate.module.css";

export function Gate({ state, why }: { state: SessionState; why: string }) {
  if (state === "asking") return <main className={styles.gate} aria-busy="true" aria-label="Ganglion" />;
  return (
    <main className={styles.gate}>
      <div className={styles.card}>
        <img src={new URL("./ganglion.svg", import.meta.url).href} width={40} height={40} alt="" />
        {state === "closed" ? (
          <>
            <h1>Open this page by its own address</h1>
            <p>
              An address with a key lets one browser in. This prints it, in a terminal of the machine on which
              the mesh runs:
            </p>
            <Command text="ganglion open" />
            <p className={styles.why}>{why}</p>
          </>
        ) : (
          <>
            <h1>Mission control does not answer</h1>
            <p>It is asked again every two seconds. If the mesh is not running, start it:</p>
            <Command text="ganglion up" />
          </>
        )}
      </div>
    </main>
  );
}
