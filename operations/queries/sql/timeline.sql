-- How much happened in each stretch of a time: the strip below every page.
SELECT
    toUInt32(intDiv(toUnixTimestamp64Micro(e.recorded_at) - {since:Int64}, {width_microseconds:Int64})) AS bucket,
    min((epoch, seq)).2 AS first_position,
    max((epoch, seq)).2 AS last_position,
    toUInt32(count()) AS events,
    toUInt32(countIf(payload_kind = 'decision')) AS decisions,
    toUInt32(countIf(%is_failure%)) AS failures,
    sumIf(ifNull(action_outcome.cost_usd, 0), payload_kind = 'action_outcome') AS cost_usd
FROM swarm.events AS e
WHERE disposition = 'stored'
    AND e.recorded_at >= fromUnixTimestamp64Micro({since:Int64})
    AND e.recorded_at < fromUnixTimestamp64Micro({until:Int64})
GROUP BY bucket
ORDER BY bucket
