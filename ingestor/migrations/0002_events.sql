-- The table, the door to it, and the one path between them.
-- An insert goes into swarm.landing, which keeps nothing; swarm.landing_to_events turns its one block into one block of
-- swarm.events, or into an error and nothing. Enum numbers become the names of the contract, an unknown number its digits.
-- Sort key, codecs and indexes were chosen by `make bench-schema`; docs/decisions/0005 has the figures.
-- Parts stay compact up to 128 MiB: with a hundred columns, a wide part of a 20,000-row batch took three times as long.

CREATE TABLE IF NOT EXISTS swarm.events
(
    epoch UInt64 COMMENT 'life of the stream this position belongs to, see swarm.epochs' CODEC(DoubleDelta, ZSTD(1)),
    seq UInt64 COMMENT 'sequence of the stream; (epoch, seq) is the position and occurs once' CODEC(DoubleDelta, ZSTD(1)),
    subject String COMMENT 'NATS subject it was published on' CODEC(ZSTD(1)),
    recorded_at DateTime64(9, 'UTC') COMMENT 'the stream''s time of the position, UTC: the only clock to order or group by' CODEC(Delta, ZSTD(1)),
    disposition Enum8('stored' = 1, 'parked' = 2, 'duplicate' = 3) COMMENT 'stored: an event; parked: unreadable, see reason; duplicate: this event id was stored before',
    reason LowCardinality(String) COMMENT 'why it was parked, or what it repeats; empty when stored',
    warnings Array(LowCardinality(String)) COMMENT 'what breaks the contracts in an event that was stored all the same',
    event_id String COMMENT 'id of the event, a UUID where the producer keeps the contract' CODEC(ZSTD(1)),
    timestamp Nullable(DateTime64(9, 'UTC')) COMMENT 'the producer''s clock, UTC; NULL when missing or outside 1900 to 2261' CODEC(Delta, ZSTD(1)),
    trace_id String COMMENT 'W3C trace id, 32 hex digits' CODEC(ZSTD(1)),
    span_id String COMMENT 'W3C span id, 16 hex digits' CODEC(ZSTD(1)),
    agent_role LowCardinality(String) COMMENT 'who speaks: architect, coder, reviewer, operator, or a service such as governor',
    agent_id LowCardinality(String) COMMENT 'which one of that role',
    event_type LowCardinality(String) COMMENT 'decision, state_change, system, outcome, observation or alarm',
    causation_id String COMMENT 'id of the event that made this one happen' CODEC(ZSTD(1)),
    correlation_id String COMMENT 'id of the piece of work it belongs to' CODEC(ZSTD(1)),
    producer_session LowCardinality(String) COMMENT 'one run of one producer',
    producer_sequence UInt64 COMMENT '1, 2, 3 … within the session; a gap is an event that never arrived' CODEC(Delta, ZSTD(1)),
    payload_kind LowCardinality(String) COMMENT 'which of the payload columns is filled; empty when parked',
    decision Tuple(
        context_hash String,
        input_trigger String,
        rationale String,
        rejected_alternatives Array(String),
        memory_ids Array(String),
        confidence_score Nullable(Float32),
        chosen_action String
    ) COMMENT 'the why: what an agent decided, on what grounds, and what it turned down' CODEC(ZSTD(1)),
    state_change Tuple(
        target_type String,
        target_resource String,
        previous_state_hash String,
        new_state_hash String,
        diff_patch String,
        is_reversible Bool,
        truncated Bool,
        external Bool
    ) COMMENT 'the what: one link in the chain of one resource''s states' CODEC(ZSTD(1)),
    system_signal Tuple(
        status String,
        cpu_load_percent Int32,
        memory_usage_mb Int32
    ) COMMENT 'how one member of the swarm says it is doing' CODEC(ZSTD(1)),
    action_outcome Tuple(
        decision_event_id String,
        status LowCardinality(String),
        exit_code Nullable(Int32),
        output String,
        output_truncated Bool,
        duration_seconds Nullable(Float64),
        cost_usd Nullable(Float64),
        input_tokens Nullable(UInt64),
        output_tokens Nullable(UInt64)
    ) COMMENT 'what came of an action that a decision chose; status: succeeded, failed, cancelled or unspecified' CODEC(ZSTD(1)),
    capacity_sampled Tuple(
        host String,
        cpu_percent Float64,
        cpu_count Float64,
        load_1m Float64,
        load_5m Float64,
        load_15m Float64,
        memory_used_bytes UInt64,
        memory_limit_bytes UInt64,
        swap_used_bytes UInt64,
        swap_total_bytes UInt64,
        disk_path String,
        disk_used_bytes UInt64,
        disk_total_bytes UInt64,
        in_container Bool,
        gpus Array(Tuple(
            index UInt32,
            name String,
            utilization_percent Float64,
            memory_used_bytes UInt64,
            memory_total_bytes UInt64,
            temperature_celsius Nullable(Float64)
        ))
    ) COMMENT 'what one machine had and used at one moment' CODEC(ZSTD(1)),
    leadership_taken Tuple(
        service String,
        scope String,
        term UInt64,
        holder String
    ) COMMENT 'a new term of a service''s leader' CODEC(ZSTD(1)),
    tick_observed Tuple(
        service String,
        scope String,
        term UInt64,
        number UInt64,
        as_of_sequence UInt64
    ) COMMENT 'silence that led to a decision' CODEC(ZSTD(1)),
    process_started Tuple(
        name String,
        pid UInt32,
        attempt UInt32
    ) COMMENT 'a process of `ganglion up` began' CODEC(ZSTD(1)),
    process_exited Tuple(
        name String,
        pid UInt32,
        exit_code Int32,
        attempt UInt32,
        restart_in_seconds Float64
    ) COMMENT 'a process of `ganglion up` ended' CODEC(ZSTD(1)),
    alarm_raised Tuple(
        name String,
        severity LowCardinality(String),
        message String,
        action String,
        epoch UInt64,
        first_sequence UInt64,
        last_sequence UInt64
    ) COMMENT 'something that must not go unnoticed; severity: info, warning, critical or unspecified' CODEC(ZSTD(1)),
    raw String COMMENT 'the exact bytes that were published: what everything else can be rebuilt from' CODEC(ZSTD(1)),
    writer UInt64 COMMENT 'the ingestor that wrote the row, see swarm.writers' CODEC(Delta, ZSTD(1)),
    event_hash UInt64 MATERIALIZED reinterpretAsUInt64(substring(MD5(event_id), 1, 8)) COMMENT 'first 8 bytes of MD5 of event_id, read when thousands of ids are looked up' CODEC(NONE),
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
    min_bytes_for_wide_part = 134217728
COMMENT 'One row per position of the stream: what was recorded, what could not be read, and what was a repeat.';

CREATE TABLE IF NOT EXISTS swarm.landing
(
    epoch UInt64 COMMENT 'see swarm.events',
    seq UInt64 COMMENT 'see swarm.events',
    subject String COMMENT 'see swarm.events',
    recorded_at_nanoseconds Int64 COMMENT 'the stream''s time of the position, nanoseconds since 1970, UTC',
    disposition Enum8('stored' = 1, 'parked' = 2, 'duplicate' = 3) COMMENT 'see swarm.events',
    reason String COMMENT 'see swarm.events',
    warnings Array(String) COMMENT 'see swarm.events',
    payload_kind String COMMENT 'see swarm.events',
    raw String COMMENT 'see swarm.events',
    writer UInt64 COMMENT 'number of the ingestor that inserts; must be the last of swarm.writers',
    event_id String COMMENT 'see swarm.events',
    timestamp Tuple(seconds Int64, nanos Int32) COMMENT 'google.protobuf.Timestamp of the producer; both 0 when missing',
    trace_id String COMMENT 'see swarm.events',
    span_id String COMMENT 'see swarm.events',
    agent_role Int32 COMMENT 'number of AgentRole in the contract',
    agent_id String COMMENT 'see swarm.events',
    event_type Int32 COMMENT 'number of EventType in the contract',
    causation_id String COMMENT 'see swarm.events',
    correlation_id String COMMENT 'see swarm.events',
    producer_session String COMMENT 'see swarm.events',
    producer_sequence UInt64 COMMENT 'see swarm.events',
    decision Tuple(
        context_hash String,
        input_trigger String,
        rationale String,
        rejected_alternatives Array(String),
        memory_ids Array(String),
        confidence_score Nullable(Float32),
        chosen_action String
    ) COMMENT 'see swarm.events',
    state_change Tuple(
        target_type String,
        target_resource String,
        previous_state_hash String,
        new_state_hash String,
        diff_patch String,
        is_reversible Bool,
        truncated Bool,
        external Bool
    ) COMMENT 'see swarm.events',
    system_signal Tuple(
        status String,
        cpu_load_percent Int32,
        memory_usage_mb Int32
    ) COMMENT 'see swarm.events',
    action_outcome Tuple(
        decision_event_id String,
        status Int32,
        exit_code Nullable(Int32),
        output String,
        output_truncated Bool,
        duration_seconds Nullable(Float64),
        cost_usd Nullable(Float64),
        input_tokens Nullable(UInt64),
        output_tokens Nullable(UInt64)
    ) COMMENT 'see swarm.events; status is the number of OutcomeStatus in the contract',
    capacity_sampled Tuple(
        host String,
        cpu_percent Float64,
        cpu_count Float64,
        load_1m Float64,
        load_5m Float64,
        load_15m Float64,
        memory_used_bytes UInt64,
        memory_limit_bytes UInt64,
        swap_used_bytes UInt64,
        swap_total_bytes UInt64,
        disk_path String,
        disk_used_bytes UInt64,
        disk_total_bytes UInt64,
        in_container Bool,
        gpus Array(Tuple(
            index UInt32,
            name String,
            utilization_percent Float64,
            memory_used_bytes UInt64,
            memory_total_bytes UInt64,
            temperature_celsius Nullable(Float64)
        ))
    ) COMMENT 'see swarm.events',
    leadership_taken Tuple(
        service String,
        scope String,
        term UInt64,
        holder String
    ) COMMENT 'see swarm.events',
    tick_observed Tuple(
        service String,
        scope String,
        term UInt64,
        number UInt64,
        as_of_sequence UInt64
    ) COMMENT 'see swarm.events',
    process_started Tuple(
        name String,
        pid UInt32,
        attempt UInt32
    ) COMMENT 'see swarm.events',
    process_exited Tuple(
        name String,
        pid UInt32,
        exit_code Int32,
        attempt UInt32,
        restart_in_seconds Float64
    ) COMMENT 'see swarm.events',
    alarm_raised Tuple(
        name String,
        severity Int32,
        message String,
        action String,
        epoch UInt64,
        first_sequence UInt64,
        last_sequence UInt64
    ) COMMENT 'see swarm.events; severity is the number of AlarmSeverity in the contract'
)
ENGINE = Null
COMMENT 'The door to swarm.events: an insert here, FORMAT Protobuf, is decoded by the engine. It keeps nothing itself.';

-- The fence: rows of an ingestor that is not the last to have taken over, or of an epoch that is not the last opened,
-- fail the whole insert (code 395) before anything is written. The guard: rows at or below the last position stored are
-- left out, so a batch that was cut anew after an insert of unknown fate adds only what is missing.
CREATE MATERIALIZED VIEW IF NOT EXISTS swarm.landing_to_events TO swarm.events AS
WITH
    (SELECT ifNull(max(number), 0) FROM swarm.writers) AS last_writer,
    (SELECT ifNull(max(epoch), 0) FROM swarm.epochs) AS last_epoch,
    (
        SELECT ifNull(max(seq), 0) FROM
        (
            SELECT seq FROM swarm.events
            WHERE epoch = (SELECT max(epoch) FROM swarm.epochs)
            ORDER BY epoch DESC, seq DESC
            LIMIT 1
        )
    ) AS last_seq,
    timestamp.seconds BETWEEN -2208988800 AND 9183110399
        AND timestamp.nanos BETWEEN 0 AND 999999999
        AND (timestamp.seconds != 0 OR timestamp.nanos != 0) AS timestamp_fits
SELECT
    epoch,
    seq,
    subject,
    fromUnixTimestamp64Nano(recorded_at_nanoseconds, 'UTC') AS recorded_at,
    disposition,
    reason,
    warnings,
    event_id,
    if(
        timestamp_fits,
        fromUnixTimestamp64Nano(if(timestamp_fits, timestamp.seconds * 1000000000 + timestamp.nanos, 0), 'UTC'),
        NULL
    ) AS timestamp,
    trace_id,
    span_id,
    transform(
        agent_role,
        [0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 15],
        [
            'unspecified', 'architect', 'coder', 'reviewer', 'operator', 'overseer', 'governor', 'guardian',
            'ingestor', 'mission_control', 'supervisor'
        ],
        toString(agent_role)
    ) AS agent_role,
    agent_id,
    transform(
        event_type,
        [0, 1, 2, 3, 10, 11, 12],
        ['unspecified', 'decision', 'state_change', 'system', 'outcome', 'observation', 'alarm'],
        toString(event_type)
    ) AS event_type,
    causation_id,
    correlation_id,
    producer_session,
    producer_sequence,
    payload_kind,
    decision,
    state_change,
    system_signal,
    tuple(
        action_outcome.decision_event_id,
        transform(
            action_outcome.status,
            [0, 1, 2, 3],
            ['unspecified', 'succeeded', 'failed', 'cancelled'],
            toString(action_outcome.status)
        ),
        action_outcome.exit_code,
        action_outcome.output,
        action_outcome.output_truncated,
        action_outcome.duration_seconds,
        action_outcome.cost_usd,
        action_outcome.input_tokens,
        action_outcome.output_tokens
    ) AS action_outcome,
    capacity_sampled,
    leadership_taken,
    tick_observed,
    process_started,
    process_exited,
    tuple(
        alarm_raised.name,
        transform(
            alarm_raised.severity,
            [0, 1, 2, 3],
            ['unspecified', 'info', 'warning', 'critical'],
            toString(alarm_raised.severity)
        ),
        alarm_raised.message,
        alarm_raised.action,
        alarm_raised.epoch,
        alarm_raised.first_sequence,
        alarm_raised.last_sequence
    ) AS alarm_raised,
    raw,
    writer
FROM swarm.landing
WHERE throwIf(writer != last_writer, 'another ingestor has taken over') = 0
    AND throwIf(epoch != last_epoch, 'this epoch is closed') = 0
    AND seq > last_seq
COMMENT 'The one path into swarm.events: names for numbers, the fence and the guard.';
