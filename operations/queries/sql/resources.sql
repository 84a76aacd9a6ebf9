-- What was changed, the last first, with who did it last.
SELECT
    workspace,
    target_resource AS resource,
    target_type AS type,
    toUInt32(count()) AS changes,
    argMax(agent_id, (epoch, seq)) AS agent_id,
    argMax(new_state_hash, (epoch, seq)) AS state_hash,
    toUnixTimestamp64Micro(max(recorded_at)) AS changed_at
FROM swarm.state_changes
WHERE ({anywhere:Bool} OR workspace = {workspace:String})
    AND ({end:String} = '' OR endsWith(target_resource, {end:String}))
GROUP BY workspace, target_resource, target_type
ORDER BY target_resource = {end:String} DESC, max((epoch, seq)) DESC
LIMIT {most:UInt64}
