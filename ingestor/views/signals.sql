-- How the members of the swarm say they are doing.
SELECT
    epoch, seq, recorded_at, agent_id, agent_role,
    system_signal.status AS status, -- STARTING, HEALTHY, CRITICAL_FAILURE …
    system_signal.cpu_load_percent AS cpu_load_percent, -- of the machine
    system_signal.memory_usage_mb AS memory_usage_mb, -- in use
    event_id, timestamp, trace_id, span_id, causation_id, correlation_id, subject, warnings
FROM swarm.events
WHERE disposition = 'stored' AND payload_kind = 'system_signal'
