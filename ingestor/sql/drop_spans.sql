-- The spans of one part of time.
ALTER TABLE swarm.span_rows DROP PARTITION ID {partition:String}
