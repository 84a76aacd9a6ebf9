SELECT
    seq,
    subject,
    toUnixTimestamp64Micro(recorded_at) AS microseconds,
    base64Encode(raw) AS raw
FROM swarm.events
WHERE trace_id = {trace_id:String} AND disposition = 'stored'
ORDER BY epoch, seq
LIMIT {most:UInt64}
