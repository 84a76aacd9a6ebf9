-- The last position that was recorded before a time.
SELECT e.epoch AS epoch, e.seq AS position, toUnixTimestamp64Micro(e.recorded_at) AS recorded_at
FROM swarm.events AS e
WHERE e.recorded_at < fromUnixTimestamp64Micro({before:Int64})
ORDER BY e.epoch DESC, e.seq DESC
LIMIT 1
