// Which resource is meant, and who did a step?
import type { ChainStep } from "../../api/schema";

export interface ResourceKey {
  readonly workspace: string;
  readonly name: string;
  readonly type: string;
}

export function keyText(key: ResourceKey): string {
  return JSON.stringify([key.workspace, key.type, key.name]);
}

/** Who did it, in a few words. */
export function authorOf(step: Pick<ChainStep, "external" | "agent_id" | "agent_role">): string {
  return step.external ? "from outside" : step.agent_id || step.agent_role;
}
