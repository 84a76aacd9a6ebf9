// How does an objective stand, in a word? Pure.
import type { KnownObjective } from "../../api/schema";
import type { Tone } from "../../ui/Chip";

export interface Standing {
  readonly tone: Tone;
  readonly word: string;
  /** Of its tasks. */
  readonly done: number;
  readonly all: number;
}

export function standing(objective: KnownObjective): Standing {
  const tasks = objective.tasks ?? [];
  const done = tasks.filter((each) => each.status === "completed").length;
  const all = Math.max(tasks.length, objective.task_ids?.length ?? 0);
  const waits = objective.waits_for_approval && objective.ended_at == null;
  const status = objective.status ?? "added";
  return { tone: waits ? "warn" : toneOf(status), word: waits ? "waits for approval" : status, done, all };
}

function toneOf(status: string): Tone {
  if (status === "achieved") return "good";
  if (status === "failed") return "bad";
  if (status === "cancelled" || status === "history") return "plain";
  return "accent";
}
