// How did the swarm stand at a moment, in what the page Now shows? Of the state of that moment; what
// only the present knows is left out. Pure.
import type { Summary } from "../../api/schema";
import type { SwarmState } from "../../api/swarm";
import { counted } from "../../ui/format";

const SCORED = 20;

export function summaryThen(state: SwarmState): Summary {
  const tasks = Object.entries(state.tasks);
  const claimed = tasks.filter(([, each]) => each.status === "claimed").length;
  const scores = Object.values(state.ended_tasks)
    .map((each) => each.tool_efficacy_score)
    .filter((each) => each != null)
    .slice(0, SCORED);
  const workers = Object.entries(state.workers);
  const system = state.mode["system"];
  const halt = state.mode["halt"];
  return {
    as_of: state.as_of,
    at: state.recorded_at,
    mode: system?.mode ?? "operational",
    mode_reason: system?.reason ?? "",
    halted: halt ? { reason: halt.reason, by: halt.by ?? "", now: halt.ends_running_tasks ?? false } : null,
    sentences: {
      runs: `${counted(workers.filter(([, each]) => each.tasks.length > 0).length, "worker")} of ${workers.length} at ${counted(claimed, "task")}, ${tasks.length - claimed} waiting, ${counted(Object.keys(state.objectives).length, "objective")} open`,
      stuck: stuckThen(state),
      costs: "the strip below has what was spent up to then",
    },
    uptime_percent: null,
    tes: { mean: scores.length > 0 ? scores.reduce((sum, each) => sum + each, 0) / scores.length : null, trend: 0, tasks: scores.length },
    queue_depth: tasks.length - claimed,
    tasks: { claimed, open: tasks.length, ended: state.ended_tasks_known },
    recorded: null,
    lag: null,
    costs: null,
    machines: Object.entries(state.machines).map(([host, each]) => ({ host, ...each })),
    pulse: null,
    agents: workers.map(([id, each]) => agentThen(state, id, each)),
    incidents: Object.entries(state.incidents).map(([incident_id, each]) => ({
      incident_id,
      rule: each.rule,
      subject: each.about,
      incident_class: each.class,
      summary: each.summary,
      cause_event_id: each.cause_event_id,
      opened_at: each.opened_at,
      closed_at: null,
      recovered: null,
      root_cause: "",
      timeline: [],
    })),
    alarms: [],
    waits_for_person: waitingThen(state),
    left_out: [],
  };
}

function stuckThen(state: SwarmState): string {
  const found = Object.entries(state.mode)
    .filter(([name]) => name !== "system")
    .map(([name, each]) => `${name}: ${each.reason}`);
  for (const each of Object.values(state.incidents)) found.push(each.summary);
  return found.join("; ") || "nothing is stuck";
}

function agentThen(state: SwarmState, id: string, worker: SwarmState["workers"][string]): Summary["agents"][number] {
  const [task_id = ""] = worker.tasks;
  const task = state.tasks[task_id];
  const lease = state.leases[task_id];
  return {
    kind: "worker",
    id,
    role: worker.role,
    status: worker.draining ? "draining" : task_id ? "busy" : "idle",
    doing: task ? `${task.action}, attempt ${task.attempt}` : worker.told_to_go,
    task_id,
    since: lease?.claimed_at ?? null,
    lease_until: lease?.lease_until ?? null,
    heard_at: worker.heard_at,
    more_tasks: Math.max(0, worker.tasks.length - 1),
  };
}

function waitingThen(state: SwarmState): Summary["waits_for_person"] {
  const approvals = Object.entries(state.objectives)
    .filter(([, each]) => each.waits_for_approval)
    .map(([id, each]) => ({ kind: "approval" as const, id, text: each.description, since: each.added_at }));
  const aside = Object.entries(state.tasks)
    .filter(([, each]) => each.status === "quarantined")
    .map(([id, each]) => ({ kind: "set_aside" as const, id, text: each.set_aside || "it was set aside", since: each.submitted_at }));
  return [...approvals, ...aside];
}
