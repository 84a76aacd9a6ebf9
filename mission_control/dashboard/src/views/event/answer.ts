// What does one event say? Read out of the document that the server has of it.
import type { EventDocument } from "../../api/schema";

export interface Decision {
  readonly rationale: string;
  readonly chosen: string;
  readonly trigger: string;
  readonly rejected: readonly string[];
  /** 0 to 1; null: the agent did not say. */
  readonly confidence: number | null;
}

export interface Change {
  readonly resource: string;
  readonly workspace: string;
  readonly type: string;
  readonly diff: string;
  readonly isTruncated: boolean;
  readonly isExternal: boolean;
  readonly isNew: boolean;
  readonly isGone: boolean;
}

export interface Outcome {
  readonly status: string;
  readonly exitCode: number | null;
  readonly output: string;
  readonly seconds: number | null;
  readonly tokens: number | null;
  readonly provenance: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** What the event says under the name of its kind; nothing if it says nothing. */
export function payloadOf(event: EventDocument): Fields {
  const found = event.payload_kind === null ? undefined : (event as Fields)[event.payload_kind];
  return isFields(found) ? found : {};
}

export function decisionOf(event: EventDocument): Decision | null {
  if (event.payload_kind !== "decision") return null;
  const said = payloadOf(event);
  const rejected = said["rejected_alternatives"];
  return {
    rationale: text(said["rationale"]),
    chosen: text(said["chosen_action"]),
    trigger: text(said["input_trigger"]),
    rejected: Array.isArray(rejected) ? rejected.map(text) : [],
    confidence: number(said["confidence_score"]),
  };
}

export function changeOf(event: EventDocument): Change | null {
  if (event.payload_kind !== "state_change") return null;
  const said = payloadOf(event);
  return {
    resource: text(said["target_resource"]),
    workspace: text(said["workspace"]),
    type: text(said["target_type"]),
    diff: text(said["diff_patch"]),
    isTruncated: said["truncated"] === true,
    isExternal: said["external"] === true,
    isNew: !said["previous_state_hash"],
    isGone: !said["new_state_hash"],
  };
}

export function outcomeOf(event: EventDocument): Outcome | null {
  if (event.payload_kind !== "action_outcome") return null;
  const said = payloadOf(event);
  const tokens = [number(said["input_tokens"]), number(said["output_tokens"])];
  return {
    status: label(said["status"], "OUTCOME_"),
    exitCode: number(said["exit_code"]),
    output: text(said["output"]),
    seconds: number(said["duration_seconds"]),
    tokens: tokens.every((each) => each === null) ? null : (tokens[0] ?? 0) + (tokens[1] ?? 0),
    provenance: label(said["cost_provenance"], "COST_"),
  };
}

/** Whether a recorded diff of this type of resource is a unified diff, and not a value. */
export function isUnifiedDiff(diff: string): boolean {
  return /^(?:diff --git |--- |@@ )/m.test(diff);
}

function label(value: unknown, prefix: string): string {
  const name = text(value);
  return (name.startsWith(prefix) ? name.slice(prefix.length) : name).toLowerCase();
}

function text(value: unknown): string {
  return typeof value === "string" ? value : value === undefined || value === null ? "" : String(value);
}

/** 64-bit numbers come as text. */
function number(value: unknown): number | null {
  if (value === undefined || value === null || value === "") return null;
  const found = Number(value);
  return Number.isFinite(found) ? found : null;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
