SELECT id
FROM
(
    SELECT DISTINCT event_id AS id FROM swarm.events WHERE startsWith(event_id, {begin:String}) AND disposition = 'stored'
    UNION DISTINCT
    SELECT DISTINCT trace_id AS id FROM swarm.events WHERE startsWith(trace_id, {begin:String}) AND disposition = 'stored'
)
ORDER BY id
LIMIT 1000
