-- What could not be read as events, the last first, behind a position.
SELECT
    epoch,
    seq AS position,
    toUnixTimestamp64Micro(p.recorded_at) AS recorded_at,
    subject,
    reason,
    size_bytes,
    hex(substring(raw, 1, {preview_bytes:UInt64})) AS beginning_hex
FROM swarm.parked AS p
WHERE {before_epoch:UInt32} = 0 OR (epoch, seq) < ({before_epoch:UInt32}, {before_seq:UInt64})
ORDER BY epoch DESC, seq DESC
LIMIT {most:UInt64}
