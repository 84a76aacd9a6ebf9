-- The runs of producers, the last heard of first: each numbers its events from 1, so that those that never arrived are
-- known; what nobody waits for, such as a heartbeat, has the number 0.
SELECT
    producer_session AS session,
    agent_id,
    agent_role,
    toUInt32(count()) AS events,
    toUInt32(countIf(payload_kind = 'decision')) AS decisions,
    toUInt32(countIf(payload_kind = 'state_change')) AS changes,
    argMaxIf(attribution.model, (epoch, seq), attribution.model != '') AS model,
    argMaxIf(attribution.conversation_id, (epoch, seq), attribution.conversation_id != '') AS conversation_id,
    argMaxIf(attribution.run_id, (epoch, seq), attribution.run_id != '') AS run_id,
    toUInt32(max(producer_sequence) - uniqExactIf(producer_sequence, producer_sequence > 0)) AS missing,
    toUnixTimestamp64Micro(min(recorded_at)) AS began_at,
    toUnixTimestamp64Micro(max(recorded_at)) AS heard_at
FROM swarm.events
WHERE disposition = 'stored'
    AND producer_session != ''
    AND ({agent:String} = '' OR agent_id = {agent:String})
GROUP BY producer_session, agent_id, agent_role
HAVING max(recorded_at) >= now64(9) - toIntervalSecond({seconds:UInt64})
    AND ({all:Bool} OR countIf(payload_kind IN ('decision', 'state_change', 'action_outcome', 'system_signal')) > 0)
ORDER BY max((epoch, seq)) DESC
LIMIT {most:UInt64}
