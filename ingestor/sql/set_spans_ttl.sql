-- Spans older than this are removed by merges.
ALTER TABLE swarm.span_rows MODIFY TTL toDateTime(recorded_at) + toIntervalDay({days})
