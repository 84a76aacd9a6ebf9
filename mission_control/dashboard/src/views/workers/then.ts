// Who was there at a moment, and what did each do? Of the state of that moment. Pure.
import type { KnownWorker } from "../../api/schema";
import type { SwarmState } from "../../api/swarm";

export function workersThen(state: SwarmState): KnownWorker[] {
  return Object.entries(state.workers).map(([worker_id, each]) => ({
    worker_id,
    role: each.role,
    host: each.host,
    pid: each.pid,
    skills: each.skills,
    actions: each.actions,
    max_concurrent_tasks: each.max_concurrent_tasks,
    status: each.draining || each.told_to_go ? "draining" : each.tasks.length > 0 ? "busy" : "idle",
    why: each.told_to_go,
    tasks: each.tasks.map((task_id) => ({
      task_id,
      action: state.tasks[task_id]?.action ?? task_id,
      attempt: state.tasks[task_id]?.attempt ?? 1,
    })),
    registered_at: each.registered_at,
    heard_at: each.heard_at,
  }));
}
