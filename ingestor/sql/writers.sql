-- Everybody who ever wrote, in turn.
SELECT number, toUnixTimestamp64Nano(min(taken_at)), any(reading) FROM swarm.writers GROUP BY number ORDER BY number
