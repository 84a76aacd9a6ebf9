// What was the state of the swarm at the playhead: tasks, leases, workers, rules in force?
import { api, take } from "./client";
import { useAtPlayhead } from "./moment";
import type { SwarmStateAnswer } from "./schema";

export type SwarmState = SwarmStateAnswer;

export function useSwarmState(options: { enabled?: boolean } = {}) {
  return useAtPlayhead(
    ["state"],
    async ({ at, signal }) => {
      const query = at === undefined ? {} : { at: String(at) };
      // Another answer comes only to who asks for a difference.
      return (await take(api.GET("/api/state", { params: { query }, signal }))) as SwarmState;
    },
    options,
  );
}
