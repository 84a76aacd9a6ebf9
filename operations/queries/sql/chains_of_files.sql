-- The whole chains of some files of one workspace, each in its order.
SELECT
    target_resource AS path,
    previous_state_hash,
    new_state_hash,
    diff_patch,
    truncated,
    external
FROM swarm.state_changes
WHERE workspace = {workspace:String} AND target_type = 'FILE_SYSTEM' AND has({paths:Array(String)}, target_resource)
ORDER BY target_resource, epoch, seq
