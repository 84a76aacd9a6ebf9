-- What stands out in a time, the last of it: incidents, what waits for a person and what one said, halts, modes, ends of processes.
SELECT epoch, seq, subject, toUnixTimestamp64Micro(recorded_at) AS microseconds, base64Encode(raw) AS raw
FROM swarm.events
WHERE disposition = 'stored'
    AND has({kinds:Array(String)}, payload_kind)
    AND (payload_kind != 'objective_planned' OR objective_planned.waits_for_approval)
    AND recorded_at >= fromUnixTimestamp64Micro({since:Int64})
    AND recorded_at < fromUnixTimestamp64Micro({until:Int64})
ORDER BY epoch DESC, seq DESC
LIMIT {most:UInt64}
