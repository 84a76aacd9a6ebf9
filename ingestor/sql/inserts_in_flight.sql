-- Inserts through the door that the server is still executing, whoever sent them.
SELECT count() FROM system.processes WHERE query_kind = 'Insert' AND position(query, 'swarm.landing') > 0
