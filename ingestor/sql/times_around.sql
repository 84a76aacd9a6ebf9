-- When the rows next to a run without any were recorded; 0: there is none.
SELECT
    (SELECT ifNull(max(at), 0) FROM
        (SELECT toUnixTimestamp64Nano(recorded_at) AS at FROM swarm.events WHERE epoch = {epoch:UInt64} AND seq < {first:UInt64} ORDER BY epoch DESC, seq DESC LIMIT 1)),
    (SELECT ifNull(max(at), 0) FROM
        (SELECT toUnixTimestamp64Nano(recorded_at) AS at FROM swarm.events WHERE epoch = {epoch:UInt64} AND seq > {last:UInt64} ORDER BY epoch, seq LIMIT 1))
