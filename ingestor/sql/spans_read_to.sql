-- The last position of the stream of spans that is in the table.
SELECT toUnixTimestamp64Nano(recorded_at), seq
FROM swarm.span_rows
ORDER BY recorded_at DESC, seq DESC
LIMIT 1
