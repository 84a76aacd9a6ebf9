-- Spans of services and agents, one row each: what was done, by whom, when, for how long. Kept for some days only. Whoever may
-- publish spans of a source may say anything in one; the source itself is certain.
SELECT
    trace_id, -- 32 hex digits, as events have it
    span_id, -- 16 hex digits, as events have it
    parent_span_id, -- 16 hex digits; empty for the root of a trace
    source, -- the role that said it, as the NATS server saw to it
    service, -- the service, the agent or the worker, as it calls itself
    instance, -- another with each start of it
    name, -- <operation> <destination template>
    kind, -- internal, server, client, producer or consumer
    started_at, -- by the clock of whoever said it
    nanoseconds / 1e9 AS seconds, -- how long it took
    status, -- error where it failed; ok or empty otherwise
    status_message, -- why it failed
    attributes, -- see docs/telemetry.md
    links, -- spans of other traces that it belongs to
    recorded_at -- the time of the stream of spans
FROM swarm.span_rows FINAL
