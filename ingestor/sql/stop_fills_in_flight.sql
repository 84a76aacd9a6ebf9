-- Ends what an earlier repair is still filling, and waits for its end; it was then filled whole or not at all.
KILL QUERY WHERE query_kind = 'Insert' AND position(query, 'swarm.mending_') > 0 SYNC
