-- The last hundred events, without heartbeats.
SELECT recorded_at, payload_kind, agent_role, agent_id, event_id, trace_id
FROM swarm.events
WHERE disposition = 'stored' AND payload_kind NOT IN ('worker_heartbeat', 'requests_taken', 'tick_observed', 'capacity_sampled')
ORDER BY epoch DESC, seq DESC
LIMIT 100
