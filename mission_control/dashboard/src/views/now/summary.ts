// How does the swarm stand at the playhead?
import { api, take } from "../../api/client";
import { useAtPlayhead } from "../../api/moment";

export function useSummary() {
  return useAtPlayhead(["summary"], ({ at, signal }) => {
    const query = at === undefined ? {} : { at: String(at) };
    return take(api.GET("/api/summary", { params: { query }, signal }));
  });
}
