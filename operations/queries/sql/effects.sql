-- The events that name one as their cause, or as the decision that they are the outcome of; the first first.
-- Nothing is indexed by causation_id: this reads that column of the whole table.
SELECT epoch, seq, subject, toUnixTimestamp64Micro(recorded_at) AS microseconds, base64Encode(raw) AS raw
FROM swarm.events
WHERE disposition = 'stored'
    AND (causation_id = {event_id:String} OR payload_kind = 'action_outcome' AND action_outcome.decision_event_id = {event_id:String})
ORDER BY epoch, seq
LIMIT {most:UInt64}
