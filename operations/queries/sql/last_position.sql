-- The last position on record of the epochs up to one, up to a position of that and a time.
SELECT
    epoch,
    toString(seq) AS position,
    toUnixTimestamp64Micro(e.recorded_at) AS recorded_at
FROM swarm.events AS e
WHERE (epoch, seq) <= ({epoch:UInt32}, {position:UInt64})
    AND e.recorded_at < fromUnixTimestamp64Micro({before:Int64})
ORDER BY epoch DESC, seq DESC
LIMIT 1
