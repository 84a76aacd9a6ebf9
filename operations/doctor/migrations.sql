-- Which migrations were applied? One that ran twice counts once.
SELECT number, argMin(checksum, applied_at) AS checksum FROM swarm.migrations GROUP BY number ORDER BY number
