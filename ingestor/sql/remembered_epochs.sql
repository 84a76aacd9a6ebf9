-- The epochs of which a position is remembered.
SELECT DISTINCT epoch FROM swarm.watermarks
