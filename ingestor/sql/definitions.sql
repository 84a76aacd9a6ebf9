-- What was made last under each name.
SELECT name, argMax(checksum, applied_at) AS checksum, argMax(version, applied_at) AS version
FROM swarm.definitions GROUP BY name HAVING checksum != ''
