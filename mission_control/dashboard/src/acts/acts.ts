// What can an operator do, and how is each asked for? First with `dry_run`, which answers what would
// follow.
import { newRequestKey } from "../api/client";
import { ApiProblem, problemOf } from "../api/problem";

export interface Outcome {
  readonly would: readonly string[];
  readonly event_id: string;
  readonly as_of: number;
}

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly kind: "text" | "lines" | "check" | "number";
  readonly hint?: string;
  readonly required?: boolean;
}

export type Given = Readonly<Record<string, string | boolean | number>>;

export interface Act {
  /** On its button. */
  readonly label: string;
  /** Of its dialog: what is done, to what. */
  readonly title: string;
  readonly path: string;
  readonly fields: readonly Field[];
  /** It ends something. */
  readonly danger?: boolean;
  readonly done: string;
  /** The route knows no `dry_run`. */
  readonly isDoneAtOnce?: boolean;
  /** What is sent, of what was given. */
  readonly body?: (given: Given) => Record<string, unknown>;
}

const REASON: Field = {
  name: "reason",
  label: "Why",
  kind: "text",
  hint: "It stands on the log with your name.",
};

export const halt: Act = {
  label: "Halt",
  title: "Halt the swarm",
  path: "/api/halt",
  fields: [
    REASON,
    { name: "now", label: "End what is being done, too; it waits again", kind: "check" },
  ],
  danger: true,
  done: "Halted: nothing is handed out",
};

export const resume: Act = {
  label: "Resume",
  title: "Let the swarm go on",
  path: "/api/resume",
  fields: [REASON],
  done: "It goes on",
};

export const addObjective: Act = {
  label: "Add an objective",
  title: "Add an objective",
  path: "/api/objectives",
  fields: [
    { name: "description", label: "What is to be achieved", kind: "lines", required: true },
    {
      name: "plan",
      label: "Plan",
      kind: "text",
      hint: "One of the catalogue, such as diagnose, trends, maintain. Left out, it is chosen by the description.",
    },
    { name: "priority", label: "Priority", kind: "number", hint: "0 to 10, the higher first; 5 if it is left out." },
  ],
  done: "The objective is planned",
  body: ({ plan, ...given }) => ({ ...withoutEmpty(given), ...(plan ? { metadata: { plan } } : {}) }),
};

export const addTask: Act = {
  label: "Add a task",
  title: "Add a task",
  path: "/tasks",
  fields: [
    { name: "action", label: "Action", kind: "text", required: true, hint: "What a worker knows how to do." },
    { name: "description", label: "Description", kind: "text" },
    { name: "priority", label: "Priority", kind: "number", hint: "0 to 10, the higher first; 5 if it is left out." },
  ],
  done: "The task is submitted",
  isDoneAtOnce: true,
};

/** `name` is what the objective is about. */
export function approve(id: string, name: string): Act {
  return ofObjective(id, "approve", "Approve", `Say yes to ${quoted(name || id)}`, "Approved");
}

export function deny(id: string, name: string): Act {
  return { ...ofObjective(id, "deny", "Deny", `Say no to ${quoted(name || id)}`, "Denied"), danger: true };
}

export function cancelObjective(id: string, name: string): Act {
  return { ...ofObjective(id, "cancel", "Call off", `Call off ${quoted(name || id)}`, "Called off"), danger: true };
}

const MAX_NAME = 120;

function quoted(name: string): string {
  return `“${name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name}”`;
}

function ofObjective(id: string, verb: string, label: string, title: string, done: string): Act {
  return {
    label,
    title,
    path: `/api/objectives/${encodeURIComponent(id)}/${verb}`,
    fields: [REASON],
    done,
  };
}

export function cancelTask(id: string): Act {
  return {
    label: "Cancel",
    title: `Cancel ${id}`,
    path: `/api/tasks/${encodeURIComponent(id)}/cancel`,
    fields: [REASON],
    danger: true,
    done: "Cancelled",
  };
}

export function retryTask(id: string): Act {
  return {
    label: "Retry",
    title: `Try ${id} again`,
    path: `/api/tasks/${encodeURIComponent(id)}/retry`,
    fields: [REASON],
    done: "It is tried again",
  };
}

export function pauseWorker(id: string): Act {
  return {
    label: "Pause",
    title: `Let ${id} take nothing`,
    path: `/api/workers/${encodeURIComponent(id)}/pause`,
    fields: [REASON],
    done: "It takes nothing new",
  };
}

export function resumeWorker(id: string): Act {
  return {
    label: "Resume",
    title: `Let ${id} take tasks again`,
    path: `/api/workers/${encodeURIComponent(id)}/resume`,
    fields: [REASON],
    done: "It takes tasks again",
  };
}

/** Publish a position again that could not be read as an event. */
export function replayParked(epoch: number, position: number): Act {
  return {
    label: "Replay",
    title: `Publish position ${position} again`,
    path: `/api/parked/${epoch}.${position}/replay`,
    fields: [REASON],
    done: "It was published again",
  };
}

/** Ask for it. Throws ApiProblem. */
export async function perform(act: Act, given: Given, how: { dryRun: boolean; key?: string; signal?: AbortSignal }): Promise<Outcome> {
  const body = act.body?.(given) ?? withoutEmpty(given);
  let answer: Response;
  try {
    answer = await fetch(how.dryRun ? `${act.path}?dry_run=true` : act.path, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        ...(how.dryRun ? {} : { "Idempotency-Key": how.key ?? newRequestKey() }),
      },
      body: JSON.stringify(body),
      ...(how.signal ? { signal: how.signal } : {}),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiProblem(0, "mission control does not answer");
  }
  const told: unknown = await answer.json().catch(() => null);
  if (answer.ok) return told as Outcome;
  const problem = problemOf(answer.status, told);
  const isUnknown = problem.isMissing && problem.message === "Not Found";
  throw isUnknown ? new ApiProblem(404, "this mission control does not do that") : problem;
}

function withoutEmpty(given: Given): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== "" && value !== false));
}
