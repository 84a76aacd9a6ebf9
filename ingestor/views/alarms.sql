-- What must not go unnoticed.
SELECT
    epoch, seq, recorded_at, agent_id, agent_role,
    alarm_raised.name AS name, -- stable name, such as stream_truncated
    alarm_raised.severity AS severity, -- info, warning, critical or unspecified
    alarm_raised.message AS message, -- what happened, where
    alarm_raised.action AS action, -- what to do
    alarm_raised.epoch AS about_epoch, -- epoch of the positions concerned
    alarm_raised.first_sequence AS first_sequence, -- first position concerned
    alarm_raised.last_sequence AS last_sequence, -- last position concerned
    event_id, timestamp, trace_id, span_id, causation_id, correlation_id, subject, warnings
FROM swarm.events
WHERE disposition = 'stored' AND payload_kind = 'alarm_raised'
