// How does an objective stand, in a word, and how did it at a moment of the past? Pure.
import type { KnownObjective } from "../../api/schema";
import type { Tone } from "../../ui/Chip";
import { milliseconds } from "../../ui/format";

/** As it was then, as far as its times tell; none if it was not there yet. `time` NaN: now. */
export function asOf(objective: KnownObjective, time: number): KnownObjective[] {
  if (Number.isNaN(time)) return [objective];
  if (milliseconds(objective.added_at) > time) return [];
  const isOver = objective.ended_at != null && milliseconds(objective.ended_at) <= time;
  if (isOver || objective.ended_at == null) return [objective];
  return [{ ...objective, ended_at: null, status: "open then", summary: "", waits: "" }];
}

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
