-- Ends inserts through the door and waits for their end; each was then stored whole or not at all.
KILL QUERY WHERE query_kind = 'Insert' AND position(query, 'swarm.landing') > 0 SYNC
