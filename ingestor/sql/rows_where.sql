-- How many rows a condition is true of, and from where to where.
SELECT count(), min(seq), max(seq) FROM swarm.events WHERE %WHERE%
