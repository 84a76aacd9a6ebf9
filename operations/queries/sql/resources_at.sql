-- What agents had changed up to a position of the record, and is still there: how each stood, and by which change.
SELECT
    workspace,
    target_type AS type,
    target_resource AS resource,
    argMax(new_state_hash, (epoch, seq)) AS state_hash,
    argMax(agent_id, (epoch, seq)) AS agent_id,
    toUInt32(count()) AS changes
FROM swarm.state_changes
WHERE (epoch, seq) <= ({epoch:UInt32}, {position:UInt64})
GROUP BY workspace, target_type, target_resource
HAVING state_hash != ''
ORDER BY workspace, target_type, target_resource
