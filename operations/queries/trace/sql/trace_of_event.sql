SELECT trace_id
FROM swarm.events
WHERE event_id = {event_id:String} AND disposition = 'stored'
LIMIT 1
