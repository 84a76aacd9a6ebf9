-- Changes that nobody in the swarm made.
SELECT recorded_at, workspace, target_resource, agent_id, event_id
FROM swarm.state_changes
WHERE external
ORDER BY epoch DESC, seq DESC
LIMIT 100
