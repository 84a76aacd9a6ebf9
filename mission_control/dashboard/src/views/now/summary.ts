// How does the swarm stand at the playhead? Live as mission control sums it up; in the past of the
// state of that moment.
import { useMemo } from "react";
import { useAt } from "../../stores/playhead";
import { summaryThen } from "./then";
import { api, take } from "../../api/client";
import { useAtPlayhead } from "../../api/moment";
import { useSwarmState } from "../../api/swarm";

export function useSummary() {
  const isLive = useAt() === null;
  const now = useAtPlayhead(["summary"], ({ signal }) => take(api.GET("/api/summary", { signal })), { enabled: isLive });
  const state = useSwarmState({ enabled: !isLive });
  const then = useMemo(() => (isLive || !state.data ? undefined : summaryThen(state.data)), [isLive, state.data]);
  const source = isLive ? now : state;
  return { data: isLive ? now.data : then, error: source.error, isPending: source.isPending };
}
