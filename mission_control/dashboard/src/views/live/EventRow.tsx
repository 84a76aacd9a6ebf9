// One event in one line.
import { useSyncExternalStore } from "react";
import { go, useAddress } from "../../stores/address";
import type { LiveEvent } from "../../stores/liveEvent";
import { count, words } from "../../ui/format";
import { sortOf } from "../../ui/kinds";
import { IdLine, Line } from "../../ui/Text";
import { Clock } from "../../ui/Time";
import styles from "./EventRow.module.css";

const NARROW = "(max-width: 640px)";

/** On a phone a row has two lines. */
export function useRowHeight(): number {
  const isNarrow = useSyncExternalStore(
    (changed) => {
      const query = matchMedia(NARROW);
      query.addEventListener("change", changed);
      return () => query.removeEventListener("change", changed);
    },
    () => matchMedia(NARROW).matches,
  );
  return isNarrow ? 54 : 32;
}

export function EventRow({ event }: { event: LiveEvent; q: string }) {
  const isOpen = useAddress((address) => address.sel !== "" && address.sel === event.eventId);
  return (
    <div
      className={styles.row}
      data-sort={sortOf(event.kind)}
      data-failure={event.isFailure || undefined}
      data-open={isOpen || undefined}
      onClick={() => go({ sel: isOpen ? "" : event.eventId })}
    >
      <span className={styles.position}>{count(event.sequence)}</span>
      <span className={styles.time}>
        <Clock time={event.time} />
      </span>
      <span className={styles.kind} title={event.kind}>
        {words(event.kind)}
      </span>
      <IdLine className={styles.agent} id={event.agent} />
      <Line className={styles.sentence} text={event.sentence} />
    </div>
  );
}
