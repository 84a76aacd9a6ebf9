-- The spans of one trace.
SELECT
    span_id,
    parent_span_id,
    source,
    service,
    name,
    kind,
    toUnixTimestamp64Micro(s.started_at) AS started_at,
    seconds,
    status,
    leftUTF8(status_message, 1000) AS status_message,
    attributes
FROM swarm.spans AS s
WHERE trace_id = {trace_id:String}
ORDER BY started_at
LIMIT {most:UInt64}
