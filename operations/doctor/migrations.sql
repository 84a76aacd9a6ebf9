-- Which migrations were applied, and what was made last under each name? A migration that ran twice counts once.
SELECT number, '' AS name, argMin(checksum, applied_at) AS checksum, '' AS version FROM swarm.migrations GROUP BY number
UNION ALL
SELECT 0, name, argMax(checksum, applied_at) AS last, argMax(version, applied_at) FROM swarm.definitions GROUP BY name HAVING last != ''
