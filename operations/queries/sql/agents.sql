-- Who decided, changed something or said what came of it in a time, and what last; the last heard of first.
SELECT
    agent_id,
    agent_role,
    toUInt32(countIf(payload_kind = 'decision')) AS decisions,
    toUInt32(countIf(payload_kind = 'state_change')) AS changes,
    toUInt32(countIf(payload_kind = 'action_outcome')) AS outcomes,
    toUInt32(countIf(payload_kind = 'action_outcome' AND action_outcome.status = 'failed')) AS failures,
    sumIf(ifNull(action_outcome.cost_usd, 0), payload_kind = 'action_outcome') AS cost_usd,
    argMaxIf(attribution.role_name, (epoch, seq), attribution.role_name != '') AS role_name,
    argMaxIf(attribution.model, (epoch, seq), attribution.model != '') AS model,
    argMaxIf(decision.chosen_action, (epoch, seq), payload_kind = 'decision') AS decided,
    argMaxIf(event_id, (epoch, seq), payload_kind = 'decision') AS decided_id,
    toUnixTimestamp64Micro(max(recorded_at)) AS heard_at
FROM swarm.events
WHERE disposition = 'stored'
    AND payload_kind IN ('decision', 'state_change', 'action_outcome')
    AND recorded_at >= fromUnixTimestamp64Micro({since:Int64})
    AND recorded_at < fromUnixTimestamp64Micro({until:Int64})
GROUP BY agent_id, agent_role
ORDER BY max((epoch, seq)) DESC
LIMIT {most:UInt64}
