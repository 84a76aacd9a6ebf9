-- 1 when swarm.migrations exists. Asked first so that a check writes nothing.
SELECT count() FROM system.tables WHERE database = 'swarm' AND name = 'migrations'
