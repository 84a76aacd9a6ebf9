-- Pulses, the last first, behind a position.
SELECT epoch, seq, subject, toUnixTimestamp64Micro(recorded_at) AS microseconds, base64Encode(raw) AS raw
FROM swarm.events
WHERE heard AND payload_kind = 'pulse_completed'
    AND recorded_at >= fromUnixTimestamp64Micro({since:Int64})
    AND recorded_at < fromUnixTimestamp64Micro({until:Int64})
    AND ({before_epoch:UInt32} = 0 OR (epoch, seq) < ({before_epoch:UInt32}, {before_seq:UInt64}))
ORDER BY epoch DESC, seq DESC
LIMIT {most:UInt64}
