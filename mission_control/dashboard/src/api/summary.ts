// How does the swarm stand at the playhead?
import { api, take } from "./client";
import { useAtPlayhead } from "./moment";

export function useSummary() {
  return useAtPlayhead(["summary"], ({ signal }) => take(api.GET("/api/summary", { signal })));
}
