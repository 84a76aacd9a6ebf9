-- The alarms of a time, each name once, the last first.
SELECT
    name,
    argMax(severity, (epoch, seq)) AS severity,
    argMax(message, (epoch, seq)) AS message,
    argMax(action, (epoch, seq)) AS action,
    argMax(event_id, (epoch, seq)) AS event_id,
    toUnixTimestamp64Micro(max(a.recorded_at)) AS raised_at,
    toUInt32(count()) AS times
FROM swarm.alarms AS a
WHERE a.recorded_at >= fromUnixTimestamp64Micro({since:Int64}) AND a.recorded_at < fromUnixTimestamp64Micro({until:Int64})
GROUP BY name
ORDER BY max((epoch, seq)) DESC
LIMIT {most:UInt64}
