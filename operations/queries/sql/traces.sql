-- Traces of which something was recorded in a time, the last first; if only `work` is wanted, not those with nothing in
-- them but what services say of themselves and of each other.
SELECT
    trace_id,
    toUnixTimestamp64Micro(min(e.recorded_at)) AS began_at,
    toUnixTimestamp64Micro(max(e.recorded_at)) AS ended_at,
    toUInt32(count()) AS events,
    toUInt32(countIf(payload_kind = 'decision')) AS decisions,
    toUInt32(countIf(%is_failure%)) AS failures,
    arraySort(groupUniqArray(20)(agent_id)) AS agents,
    argMin(payload_kind, (%is_routine%, epoch, seq)) AS first_kind,
    argMin(event_id, (%is_routine%, epoch, seq)) AS first_event_id,
    leftUTF8(argMinIf(decision.chosen_action, (epoch, seq), payload_kind = 'decision'), 200) AS decided,
    sumIf(ifNull(action_outcome.cost_usd, 0), payload_kind = 'action_outcome') AS cost_usd
FROM swarm.events AS e
WHERE disposition = 'stored'
    AND trace_id != ''
    AND e.recorded_at >= fromUnixTimestamp64Micro({since:Int64})
    AND e.recorded_at < fromUnixTimestamp64Micro({until:Int64})
GROUP BY trace_id
HAVING NOT {work:Bool} OR countIf(NOT %is_routine%) > 0
ORDER BY max((epoch, seq)) DESC
LIMIT {most:UInt64}
