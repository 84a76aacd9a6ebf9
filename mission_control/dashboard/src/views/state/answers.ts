// What is known of files and variables at a moment, as the routes of state have it?

export interface Resource {
  readonly workspace: string;
  readonly resource: string;
  readonly type: string;
  readonly steps: number;
  /** Empty: it is gone. */
  readonly state_hash: string;
  readonly changed_at: string;
  readonly agent_id: string;
}

export interface StepDecision {
  readonly event_id: string;
  readonly chosen_action: string;
  readonly rationale: string;
  readonly rejected_alternatives: readonly string[];
  readonly confidence: number | null;
  readonly cost_usd: number | null;
}

/** One link of a chain. */
export interface Step {
  readonly event_id: string;
  readonly sequence: number;
  readonly recorded_at: string;
  readonly agent_id: string;
  readonly agent_role: string;
  readonly trace_id: string;
  readonly external: boolean;
  readonly truncated: boolean;
  readonly previous_state_hash: string;
  readonly new_state_hash: string;
  /** Whether it begins with what the step before left. */
  readonly follows: boolean;
  readonly diff: string;
  readonly decision: StepDecision | null;
}

export interface Chain {
  readonly steps: readonly Step[];
}

export interface Content {
  /** null: it cannot be rebuilt, or there is none; `why_not` says so. */
  readonly text: string | null;
  readonly why_not: string;
  /** By line: the index of the step that wrote it; below 0: from before the record. */
  readonly lines: readonly number[];
  readonly steps: readonly Omit<Step, "diff">[];
}

export interface ResourceKey {
  readonly workspace: string;
  readonly resource: string;
  readonly type: string;
}

export function keyText(key: ResourceKey): string {
  return JSON.stringify([key.workspace, key.type, key.resource]);
}

/** Who did it, in a few words. */
export function authorOf(step: Pick<Step, "external" | "agent_id" | "agent_role">): string {
  return step.external ? "from outside" : step.agent_id || step.agent_role;
}
