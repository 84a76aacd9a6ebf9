-- What was in force when: one row per change, with all that holds from there on. Any past can be judged by the rules it had.
SELECT
    epoch, seq, recorded_at,
    bitShiftLeft(epoch, 48) + seq AS position, -- epoch × 2^48 + seq: the place on the log as one number
    payload_kind AS change, -- what changed here: the payload's kind
    argMaxIf(policy_adopted.hash, position, payload_kind = 'policy_adopted') OVER so_far AS policy_hash, -- the policy; empty: none yet
    CAST(argMaxIf(policy_adopted.max_cpu_pct, position, payload_kind = 'policy_adopted') OVER so_far > 0 AS Bool) AS policy_stated, -- whether a policy is in force whose rules are written out
    argMaxIf(policy_adopted.allow_unregistered_agents, position, payload_kind = 'policy_adopted') OVER so_far AS allow_unregistered_agents, -- as the policy says
    argMaxIf(policy_adopted.allowed_actions, position, payload_kind = 'policy_adopted') OVER so_far AS allowed_actions, -- as the policy says
    argMaxIf(policy_adopted.allowed_tiers, position, payload_kind = 'policy_adopted') OVER so_far AS allowed_tiers, -- as the policy says
    argMaxIf(policy_adopted.max_open_tasks, position, payload_kind = 'policy_adopted') OVER so_far AS max_open_tasks, -- as the policy says; 0: any number
    argMaxIf(policy_adopted.max_claims_per_minute, position, payload_kind = 'policy_adopted') OVER so_far AS max_claims_per_minute, -- as the policy says; 0: any number
    argMaxIf(arrayMap(each -> each.agent_id, registry_adopted.entries), position, payload_kind = 'registry_adopted') OVER so_far AS registered, -- agents in the registry
    CAST(argMaxIf(payload_kind = 'dispatch_held', position, payload_kind IN ('dispatch_held', 'dispatch_resumed')) OVER so_far AS Bool) AS dispatch_held, -- whether a limit holds dispatch
    argMaxIf(if(payload_kind = 'halt_ordered', agent_role, ''), position, payload_kind IN ('halt_ordered', 'halt_lifted')) OVER so_far AS halted_by, -- role of who ordered the halt; empty: no halt
    argMaxIf(system_mode_changed.mode, position, payload_kind = 'system_mode_changed') OVER so_far AS system_mode -- operational, degraded or halted; empty: nobody said yet
FROM swarm.events
WHERE heard AND payload_kind IN (
    'policy_adopted', 'registry_adopted', 'dispatch_held', 'dispatch_resumed', 'halt_ordered', 'halt_lifted',
    'system_mode_changed'
)
WINDOW so_far AS (ORDER BY epoch, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
