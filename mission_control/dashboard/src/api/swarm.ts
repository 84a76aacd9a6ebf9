// What was the state of the swarm at the playhead: tasks, leases, workers, rules in force?
import { useAtPlayhead } from "./moment";
import { ApiProblem, problemOf } from "./problem";

interface OpenTask {
  status: string;
  action: string;
  objective_id: string;
  worker_id: string;
  attempt: number;
  waits_for: string[];
  set_aside: string;
  submitted_at: string;
}

interface EndedTask {
  status: string;
  action: string;
  objective_id: string;
  worker_id: string;
  attempt: number;
  tool_efficacy_score: number | null;
  ended_at: string;
}

export interface SwarmState {
  as_of: number;
  recorded_at: string;
  mode: Record<string, { reason: string; mode?: string | null; by?: string | null; ends_running_tasks?: boolean | null }>;
  objectives: Record<string, { description: string; waits_for_approval: boolean; added_at: string }>;
  tasks: Record<string, OpenTask>;
  leases: Record<string, { claimed_at: string; lease_until: string }>;
  workers: Record<
    string,
    {
      role: string;
      host: string;
      pid: number;
      skills: string[];
      actions: string[];
      max_concurrent_tasks: number;
      tasks: string[];
      draining: boolean;
      told_to_go: string;
      registered_at: string;
      heard_at: string;
    }
  >;
  incidents: Record<string, { rule: string; about: string; class: string; summary: string; cause_event_id: string; opened_at: string }>;
  machines: Record<string, { cpu_percent: number; memory_percent: number; cpu_count: number; memory_bytes: number; sampled_at: string }>;
  ended_tasks: Record<string, EndedTask>;
  ended_tasks_known: number;
  left_out: Record<string, number>;
}

export function useSwarmState(options: { enabled?: boolean } = {}) {
  return useAtPlayhead(
    ["state"],
    async ({ at, signal }) => {
      const answer = await fetch(at === undefined ? "/api/state" : `/api/state?at=${at}`, { signal });
      const told: unknown = await answer.json().catch(() => null);
      if (!answer.ok) throw problemOf(answer.status, told);
      if (typeof told !== "object" || told === null || !("ended_tasks" in told))
        throw new ApiProblem(404, "this mission control tells the state of now only");
      return told as SwarmState;
    },
    options,
  );
}
