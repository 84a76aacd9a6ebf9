-- The events of one trace in the order of the log; later ones of an id that came before are left out.
SELECT epoch, seq, subject, toUnixTimestamp64Micro(recorded_at) AS microseconds, base64Encode(raw) AS raw
FROM
(
    SELECT epoch, seq, subject, recorded_at, raw, event_id
    FROM swarm.events
    WHERE trace_id = {trace_id:String} AND disposition = 'stored'
    ORDER BY epoch, seq
    LIMIT 1 BY event_id
)
ORDER BY epoch, seq
LIMIT {most:UInt64}
