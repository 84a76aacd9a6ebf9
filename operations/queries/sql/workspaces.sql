-- Where files were changed up to a position of the record, and how many.
SELECT
    workspace,
    toUInt32(uniqExact(target_resource)) AS files
FROM swarm.state_changes
WHERE target_type = 'FILE_SYSTEM' AND (epoch, seq) <= ({epoch:UInt32}, {position:UInt64})
GROUP BY workspace
ORDER BY workspace
