-- What agents changed between two positions of the record: how it stood before and behind, and the last changes that did it.
SELECT
    workspace,
    target_type AS type,
    target_resource AS resource,
    argMin(previous_state_hash, (epoch, seq)) AS before,
    argMax(new_state_hash, (epoch, seq)) AS after,
    argMax(agent_id, (epoch, seq)) AS agent_id,
    toUInt32(count()) AS changes,
    arrayMap(each -> each.3, arrayReverse(arraySlice(arrayReverseSort(groupArray((epoch, seq, event_id))), 1, 20))) AS event_ids
FROM swarm.state_changes
WHERE (epoch, seq) > ({epoch:UInt32}, {position:UInt64})
    AND (epoch, seq) <= ({until_epoch:UInt32}, {until_position:UInt64})
GROUP BY workspace, target_type, target_resource
HAVING before != after
ORDER BY workspace, target_type, target_resource
