// How does each task stand at the playhead? Live as mission control says it in words; in the past as
// the state of that moment has it. Pure but for the asking.
import { useMemo } from "react";
import { api, take } from "../../api/client";
import { useAtPlayhead } from "../../api/moment";
import type { TaskRow } from "../../api/schema";
import { type SwarmState, useSwarmState } from "../../api/swarm";
import { useAt } from "../../stores/playhead";
import { milliseconds } from "../../ui/format";

export const COLUMNS = ["waits", "claimed", "aside", "completed", "failed"] as const;
export type Column = (typeof COLUMNS)[number];

export interface Task {
  readonly id: string;
  readonly objective: string;
  readonly action: string;
  readonly column: Column;
  /** As the log has it: `waits for 3`, `expired`. */
  readonly status: string;
  /** Why it waits, in words; empty if it does not, or nobody knows. */
  readonly why: string;
  readonly worker: string;
  readonly attempts: number;
  /** Ids of tasks that it waits for. */
  readonly waitsFor: readonly string[];
  /** When it was submitted, claimed or ended, whatever was last, in milliseconds; NaN: not known. */
  readonly since: number;
}

export const MAX_TASKS = 1_000;

export function columnOf(status: string): Column {
  if (status === "claimed") return "claimed";
  if (status === "quarantined") return "aside";
  if (status === "completed") return "completed";
  if (status === "ready" || status.startsWith("waits") || status === "backs off") return "waits";
  return "failed";
}

/** All that is known; `more` if there are others. */
export function useTasks() {
  const isLive = useAt() === null;
  const rows = useAtPlayhead(
    ["tasks"],
    ({ signal }) => take(api.GET("/tasks", { params: { query: { limit: MAX_TASKS } }, signal })),
    { enabled: isLive },
  );
  const state = useSwarmState();
  const found = useMemo(
    () => (isLive ? rows.data && tasksNow(rows.data.tasks, state.data) : state.data && tasksThen(state.data)),
    [isLive, rows.data, state.data],
  );
  const source = isLive ? rows : state;
  const more = isLive ? rows.data?.next_cursor != null : (state.data?.left_out["tasks"] ?? 0) > 0;
  return { data: found, error: source.error, isPending: source.isPending, more };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function tasksNow(rows: readonly TaskRow[], state: SwarmState | undefined): Task[] {
  return rows.map((each) => {
    const known = state?.tasks?.[each.task_id];
    const lease = state?.leases?.[each.task_id];
    const since = text(each["ended_at"]) || lease?.claimed_at || text(each["submitted_at"]);
    return {
      id: each.task_id,
      objective: each.objective_id,
      action: each.action,
      column: columnOf(each.status),
      status: each.status,
      why: text(each["waits"]),
      worker: each.worker_id,
      attempts: each.attempts,
      waitsFor: known?.waits_for ?? [],
      since: milliseconds(since),
    };
  });
}

export function tasksThen(state: SwarmState): Task[] {
  const open = Object.entries(state.tasks).map(([id, each]) => ({
    id,
    objective: each.objective_id,
    action: each.action,
    column: columnOf(each.status),
    status: each.status,
    why: each.set_aside || (each.waits_for.length > 0 ? `waits for ${each.waits_for.join(", ")}` : ""),
    worker: each.worker_id,
    attempts: each.attempt,
    waitsFor: each.waits_for,
    since: milliseconds(state.leases[id]?.claimed_at ?? each.submitted_at),
  }));
  const ended = Object.entries(state.ended_tasks).map(([id, each]) => ({
    id,
    objective: each.objective_id,
    action: each.action,
    column: columnOf(each.status),
    status: each.status,
    why: "",
    worker: each.worker_id,
    attempts: each.attempt,
    waitsFor: [],
    since: milliseconds(each.ended_at),
  }));
  return [...open, ...ended];
}

/** Those in which all words stand somewhere. */
export function filterTasks(tasks: readonly Task[], q: string): readonly Task[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return tasks;
  return tasks.filter((each) => {
    const all = `${each.id} ${each.objective} ${each.action} ${each.status} ${each.worker} ${each.why}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
}
