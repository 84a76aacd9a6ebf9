// Is the stream held, and how much came meanwhile?
import { useEffect, useState } from "react";
import { liveStore, useLive } from "../../stores/live";
import type { LiveEvent } from "../../stores/liveEvent";
import { type Filter, matches } from "./filter";

interface Held {
  readonly events: readonly LiveEvent[];
  readonly isHeld: boolean;
  /** So many came since that the filter lets through. */
  readonly fresh: number;
  readonly hold: () => void;
  readonly release: () => void;
}

export function useHeld(filter: Filter, isLive: boolean): Held {
  const events = useLive((live) => live.events);
  const [kept, setKept] = useState<readonly LiveEvent[] | null>(null);
  const [fresh, setFresh] = useState(0);

  useEffect(() => {
    if (kept === null) return undefined;
    let counted = kept.at(-1)?.sequence ?? 0;
    const countNew = () => {
      const came = liveStore.getState().events.filter((each) => each.sequence > counted);
      counted = came.at(-1)?.sequence ?? counted;
      const found = came.filter((each) => matches(filter, each)).length;
      if (found > 0) setFresh((before) => before + found);
    };
    setFresh(0);
    countNew();
    return liveStore.subscribe(countNew);
  }, [kept, filter]);

  return {
    events: kept ?? events,
    isHeld: kept !== null && isLive,
    fresh,
    hold: () => setKept((before) => before ?? liveStore.getState().events),
    release: () => setKept(null),
  };
}
