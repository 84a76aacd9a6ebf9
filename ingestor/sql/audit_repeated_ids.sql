-- Ids of events that are stored more than once, over all epochs; others may have said theirs under the same id.
SELECT any(event_id)
FROM swarm.events
WHERE disposition = 'stored'
GROUP BY event_hash, event_id, splitByChar('.', subject)[3], agent_id
HAVING count() > 1
LIMIT {listed:UInt64}
SETTINGS max_bytes_before_external_group_by = 268435456
