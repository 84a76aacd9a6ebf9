// What is known of files and variables at a moment, as the routes of state have it?

export interface Resource {
  readonly workspace: string;
  readonly type: string;
  readonly name: string;
  readonly steps: number;
  readonly agent_id: string;
  /** Empty: it is gone. */
  readonly state_hash: string;
  readonly changed_at: string;
}

export interface WhyChanged {
  readonly event_id: string;
  readonly chosen_action: string;
  readonly rationale: string;
  readonly rejected_alternatives: readonly string[];
  readonly confidence: number | null;
}

/** One link of a chain. */
export interface Step {
  /** 0 is the first. */
  readonly number: number;
  readonly position: number;
  readonly recorded_at: string;
  readonly event_id: string;
  readonly trace_id: string;
  readonly agent_id: string;
  readonly agent_role: string;
  readonly decision: WhyChanged | null;
  readonly previous_hash: string;
  readonly new_hash: string;
  /** Whether it begins with what the step before left. */
  readonly follows: boolean;
  readonly diff: string | null;
  readonly truncated: boolean;
  readonly external: boolean;
}

export interface Chain {
  readonly steps: readonly Step[];
  readonly steps_left_out: boolean;
}

export interface Content {
  readonly text: string | null;
  readonly why_not: string;
  readonly is_text: boolean;
  /** By line: the number of the step that brought it. */
  readonly blame: readonly number[];
  /** Why lines of the first of these steps may be older; empty: they are not. */
  readonly blame_ends: string;
  readonly steps: readonly Step[];
}

export interface ResourceKey {
  readonly workspace: string;
  readonly name: string;
  readonly type: string;
}

export function keyText(key: ResourceKey): string {
  return JSON.stringify([key.workspace, key.type, key.name]);
}

/** Who did it, in a few words. */
export function authorOf(step: Pick<Step, "external" | "agent_id" | "agent_role">): string {
  return step.external ? "from outside" : step.agent_id || step.agent_role;
}
