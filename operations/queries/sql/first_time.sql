-- When the record begins.
SELECT toUnixTimestamp64Micro(min(e.recorded_at)) AS first_at
FROM swarm.events AS e
HAVING count() > 0
