-- What people did against what a service had decided.
SELECT recorded_at, agent_id, kind, target, what, reason
FROM swarm.human_overrides
ORDER BY epoch DESC, seq DESC
LIMIT 100
