-- Every applied migration once: two that migrated at once have each recorded it.
SELECT number, argMin(checksum, applied_at) FROM swarm.migrations GROUP BY number ORDER BY number
