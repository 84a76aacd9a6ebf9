-- Rows are kept for ever.
ALTER TABLE swarm.events REMOVE TTL
