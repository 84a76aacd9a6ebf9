-- What the trace's events name as their cause and is not among them; of a cut trace, the events that are shown.
WITH shown AS
(
    SELECT event_id, causation_id
    FROM swarm.events
    WHERE trace_id = {trace_id:String} AND disposition = 'stored'
    ORDER BY epoch, seq
    LIMIT {most:UInt64}
)
SELECT
    seq,
    subject,
    toUnixTimestamp64Micro(recorded_at) AS microseconds,
    base64Encode(raw) AS raw
FROM swarm.events
WHERE disposition = 'stored'
    AND event_id IN (SELECT causation_id FROM shown WHERE causation_id != '')
    AND event_id NOT IN (SELECT event_id FROM shown)
ORDER BY epoch, seq
