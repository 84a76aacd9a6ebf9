-- Files by how often they were changed, and by whom.
SELECT workspace, target_resource, count() AS changes, uniqExact(agent_id) AS agents, max(recorded_at) AS last
FROM swarm.state_changes
WHERE target_type = 'FILE_SYSTEM'
GROUP BY workspace, target_resource
ORDER BY changes DESC
LIMIT 100
