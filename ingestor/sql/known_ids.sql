-- Which events with these hashes are stored, in any epoch. Asked only when there are some.
SELECT DISTINCT event_id, splitByChar('.', subject)[3], agent_id
FROM swarm.events
WHERE event_hash IN {hashes:Array(UInt64)} AND disposition = 'stored'
SETTINGS use_query_condition_cache = 0
