-- What had been changed up to a position, in the order of names, each with its last change: of a workspace,
-- whose name begins so, behind the one that was changed at a position.
SELECT
    workspace,
    target_resource AS name,
    target_type AS type,
    toUInt32(count()) AS steps,
    argMax(agent_id, (c.epoch, c.seq)) AS agent_id,
    argMax(agent_role, (c.epoch, c.seq)) AS agent_role,
    argMax(event_id, (c.epoch, c.seq)) AS event_id,
    argMax(new_state_hash, (c.epoch, c.seq)) AS state_hash,
    max((c.epoch, c.seq)).1 AS epoch,
    max((c.epoch, c.seq)).2 AS position,
    toUnixTimestamp64Micro(max(c.recorded_at)) AS changed_at
FROM swarm.state_changes AS c
WHERE (c.epoch, c.seq) <= ({epoch:UInt32}, {position:UInt64})
    AND ({anywhere:Bool} OR workspace = {workspace:String})
    AND startsWith(target_resource, {prefix:String})
    AND
    (
        {after_epoch:UInt32} = 0
        OR (workspace, target_type, target_resource) >
        (
            SELECT (workspace, target_type, target_resource)
            FROM swarm.state_changes
            WHERE epoch = {after_epoch:UInt32} AND seq = {after_seq:UInt64}
        )
    )
GROUP BY workspace, target_resource, target_type
ORDER BY workspace, target_type, target_resource
LIMIT {most:UInt64}
