-- Which of the hashes in the external table `asked` may be stored: one pass over a column of 8 bytes a row, however many
-- are asked for.
SELECT DISTINCT event_hash
FROM swarm.events
WHERE event_hash IN asked
SETTINGS use_query_condition_cache = 0
