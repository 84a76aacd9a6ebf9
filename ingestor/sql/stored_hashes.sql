-- Where events whose ids have the hashes in the external table `asked` are stored.
SELECT event_id, splitByChar('.', subject)[3], agent_id, epoch, seq
FROM swarm.events
WHERE event_hash IN asked AND disposition = 'stored'
ORDER BY epoch, seq
SETTINGS use_query_condition_cache = 0
