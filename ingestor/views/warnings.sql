-- What breaks the contracts in events that were stored all the same.
SELECT
    epoch, seq, recorded_at,
    arrayJoin(warnings) AS warning, -- what is wrong with it; an event has a row for each
    subject, payload_kind, agent_role, agent_id, event_id, trace_id
FROM swarm.events
WHERE notEmpty(warnings) AND disposition = 'stored'
