-- The files of one workspace that were there at a position of the record, and how large their whole chains are.
SELECT
    target_resource AS path,
    argMaxIf(new_state_hash, (epoch, seq), (epoch, seq) <= ({epoch:UInt32}, {position:UInt64})) AS state_hash,
    toUInt32(least(sum(length(diff_patch)), 4000000000)) AS diff_bytes
FROM swarm.state_changes
WHERE workspace = {workspace:String} AND target_type = 'FILE_SYSTEM'
GROUP BY target_resource
HAVING state_hash != ''
ORDER BY target_resource
