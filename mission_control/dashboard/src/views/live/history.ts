// Which events stood before the playhead?
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { eventsUpTo } from "../../stores/history";
import type { LiveEvent } from "../../stores/liveEvent";

const SHOWN = 400;
const NONE: readonly LiveEvent[] = [];

export function useHistory(at: number | null) {
  const found = useQuery({
    queryKey: ["events up to", at],
    queryFn: ({ signal }) => eventsUpTo(at ?? 0, SHOWN, signal),
    enabled: at !== null,
    placeholderData: keepPreviousData,
  });
  return { events: found.data ?? NONE, error: found.error, isPending: at !== null && found.isPending };
}
