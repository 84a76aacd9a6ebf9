-- The columns that an insert fills, in their order.
SELECT name FROM system.columns
WHERE database = 'swarm' AND table = 'events' AND default_kind IN ('', 'DEFAULT')
ORDER BY position
