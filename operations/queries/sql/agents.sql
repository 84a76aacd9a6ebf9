-- Who has decided, changed something or said what came of it, and what last; the last heard of first.
SELECT
    agent_id,
    agent_role,
    toUInt32(countIf(payload_kind = 'decision')) AS decisions,
    toUInt32(countIf(payload_kind = 'state_change')) AS changes,
    toUInt32(countIf(payload_kind = 'action_outcome')) AS outcomes,
    toUInt32(countIf(payload_kind = 'action_outcome' AND action_outcome.status = 'failed')) AS failures,
    argMaxIf(attribution.role_name, (epoch, seq), attribution.role_name != '') AS role_name,
    argMaxIf(attribution.model, (epoch, seq), attribution.model != '') AS model,
    argMaxIf(decision.chosen_action, (epoch, seq), payload_kind = 'decision') AS decided,
    toUnixTimestamp64Micro(max(recorded_at)) AS heard_at
FROM swarm.events
WHERE disposition = 'stored'
    AND payload_kind IN ('decision', 'state_change', 'action_outcome')
    AND recorded_at >= now64(9) - toIntervalSecond({seconds:UInt64})
GROUP BY agent_id, agent_role
ORDER BY max((epoch, seq)) DESC
LIMIT {most:UInt64}
