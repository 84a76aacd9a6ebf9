-- Spans of services and agents. What is lost of them is lost, so nothing is synced, and old rows go in whole parts.

CREATE TABLE IF NOT EXISTS swarm.span_rows
(
    trace_id String COMMENT '32 hex digits',
    span_id String COMMENT '16 hex digits',
    parent_span_id String COMMENT '16 hex digits; empty for the root of a trace',
    source LowCardinality(String) COMMENT 'the role that said it, as the NATS server saw to it',
    service String COMMENT 'the service, the agent or the worker, as it calls itself',
    instance String COMMENT 'another with each start of it',
    name String COMMENT '<operation> <destination template>',
    kind LowCardinality(String) COMMENT 'internal, server, client, producer or consumer',
    started_at DateTime64(9, 'UTC') COMMENT 'by the clock of whoever said it',
    nanoseconds UInt64 COMMENT 'how long it took',
    status LowCardinality(String) COMMENT 'error where it failed; ok or empty otherwise',
    status_message String COMMENT 'why it failed',
    attributes Map(String, String) COMMENT 'see docs/telemetry.md',
    links Array(Tuple(trace_id String, span_id String)) COMMENT 'spans of other traces that it belongs to',
    recorded_at DateTime64(9, 'UTC') COMMENT 'the time of the stream of spans',
    seq UInt64 COMMENT 'the position on the stream of spans',
    precedence UInt64 COMMENT 'of several rows of one span the one that came first counts'
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toStartOfInterval(toDateTime(recorded_at, 'UTC'), INTERVAL 6 HOUR)
ORDER BY (trace_id, source, span_id)
TTL toDateTime(recorded_at) + toIntervalDay(3)
SETTINGS ttl_only_drop_parts = 1
COMMENT 'Spans as they came; one may be there more than once. Ask swarm.spans.';
