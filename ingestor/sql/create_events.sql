-- One row per position. Sort key, codecs and indexes were chosen by `make bench-schema`; docs/decisions/0005 has the figures.
-- Parts stay compact up to 128 MiB: with a hundred columns, a wide part of a 20,000-row batch took three times as long.
-- A table whose parts are broken must open all the same: the broken ones are set aside, the audit finds what is missing.
CREATE TABLE IF NOT EXISTS swarm.events
(
    %COLUMNS%,
    INDEX recorded_at_range recorded_at TYPE minmax GRANULARITY 1,
    INDEX agent_id_set agent_id TYPE set(256) GRANULARITY 1,
    INDEX event_id_filter event_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX trace_id_filter trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX resource_filter state_change.target_resource TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(recorded_at)
ORDER BY (epoch, seq)
SETTINGS
    non_replicated_deduplication_window = 1000,
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    min_bytes_for_wide_part = 134217728,
    max_suspicious_broken_parts = 1000000,
    max_suspicious_broken_parts_bytes = 1000000000000000
COMMENT 'One row per position of the stream: what was recorded, what could not be read, and what was a repeat.'
