// Of which sort is a kind of event, so that one sees it without reading? Pure.

export type Sort = "decision" | "change" | "work" | "rule" | "trouble" | "system";

const BY_KIND: Readonly<Record<string, Sort>> = {
  decision: "decision",
  state_change: "change",
  action_outcome: "change",
  alarm_raised: "trouble",
  incident_opened: "trouble",
  incident_escalated: "trouble",
  incident_closed: "work",
  recovery_attempted: "work",
  circuit_opened: "trouble",
  unreadable: "trouble",
  policy_adopted: "rule",
  registry_adopted: "rule",
  charter_adopted: "rule",
  dispatch_held: "rule",
  dispatch_resumed: "rule",
  system_mode_changed: "rule",
  halt_ordered: "rule",
  halt_lifted: "rule",
  command_issued: "rule",
  command_acknowledged: "rule",
};

export function sortOf(kind: string): Sort {
  const known = BY_KIND[kind];
  if (known !== undefined) return known;
  return /^(task|tasks|objective|claim|progress|result|release)_/.test(kind) ? "work" : "system";
}
