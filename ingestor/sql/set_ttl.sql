-- Rows older than this are removed by merges.
ALTER TABLE swarm.events MODIFY TTL toDateTime(recorded_at) + toIntervalDay({days})
