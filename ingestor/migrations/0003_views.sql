-- What people query: flat, one view per kind of fact. An event id is stored once over all epochs, so a view is every stored row
-- of its kind and needs no FINAL.

CREATE OR REPLACE VIEW swarm.decisions
(
    epoch UInt64 COMMENT 'life of the stream, see swarm.epochs',
    seq UInt64 COMMENT 'sequence of the stream; (epoch, seq) is the position',
    recorded_at DateTime64(9, 'UTC') COMMENT 'the stream''s time, UTC',
    agent_id LowCardinality(String) COMMENT 'who',
    agent_role LowCardinality(String) COMMENT 'architect, coder, reviewer, operator, or a service',
    chosen_action String COMMENT 'what was decided',
    rationale String COMMENT 'why',
    rejected_alternatives Array(String) COMMENT 'what was turned down',
    confidence_score Nullable(Float32) COMMENT '0 to 1; NULL when not given',
    input_trigger String COMMENT 'what made it decide',
    context_hash String COMMENT 'hash of the snapshot of reality it looked at',
    memory_ids Array(String) COMMENT 'what it remembered while deciding',
    event_id String COMMENT 'id of the event',
    timestamp Nullable(DateTime64(9, 'UTC')) COMMENT 'the producer''s clock, UTC; NULL when missing',
    trace_id String COMMENT 'W3C trace id',
    span_id String COMMENT 'W3C span id',
    causation_id String COMMENT 'id of the event that made this one happen',
    correlation_id String COMMENT 'id of the piece of work it belongs to',
    subject String COMMENT 'NATS subject',
    warnings Array(LowCardinality(String)) COMMENT 'what breaks the contracts in it'
)
AS SELECT
    epoch,
    seq,
    recorded_at,
    agent_id,
    agent_role,
    decision.chosen_action AS chosen_action,
    decision.rationale AS rationale,
    decision.rejected_alternatives AS rejected_alternatives,
    decision.confidence_score AS confidence_score,
    decision.input_trigger AS input_trigger,
    decision.context_hash AS context_hash,
    decision.memory_ids AS memory_ids,
    event_id,
    timestamp,
    trace_id,
    span_id,
    causation_id,
    correlation_id,
    subject,
    warnings
FROM swarm.events
WHERE disposition = 'stored' AND payload_kind = 'decision'
COMMENT 'What agents decided, and why.';

CREATE OR REPLACE VIEW swarm.outcomes
(
    epoch UInt64 COMMENT 'life of the stream, see swarm.epochs',
    seq UInt64 COMMENT 'sequence of the stream; (epoch, seq) is the position',
    recorded_at DateTime64(9, 'UTC') COMMENT 'the stream''s time, UTC',
    agent_id LowCardinality(String) COMMENT 'who',
    agent_role LowCardinality(String) COMMENT 'architect, coder, reviewer, operator, or a service',
    decision_event_id String COMMENT 'event id of the decision',
    status LowCardinality(String) COMMENT 'succeeded, failed, cancelled or unspecified',
    exit_code Nullable(Int32) COMMENT 'NULL when there was none',
    output String COMMENT 'what it printed, bounded',
    output_truncated Bool COMMENT 'whether output was cut',
    duration_seconds Nullable(Float64) COMMENT 'NULL when not given',
    cost_usd Nullable(Float64) COMMENT 'NULL when not given',
    input_tokens Nullable(UInt64) COMMENT 'NULL when not given',
    output_tokens Nullable(UInt64) COMMENT 'NULL when not given',
    event_id String COMMENT 'id of the event',
    timestamp Nullable(DateTime64(9, 'UTC')) COMMENT 'the producer''s clock, UTC; NULL when missing',
    trace_id String COMMENT 'W3C trace id',
    span_id String COMMENT 'W3C span id',
    causation_id String COMMENT 'id of the event that made this one happen',
    correlation_id String COMMENT 'id of the piece of work it belongs to',
    subject String COMMENT 'NATS subject',
    warnings Array(LowCardinality(String)) COMMENT 'what breaks the contracts in it'
)
AS SELECT
    epoch,
    seq,
    recorded_at,
    agent_id,
    agent_role,
    action_outcome.decision_event_id AS decision_event_id,
    action_outcome.status AS status,
    action_outcome.exit_code AS exit_code,
    action_outcome.output AS output,
    action_outcome.output_truncated AS output_truncated,
    action_outcome.duration_seconds AS duration_seconds,
    action_outcome.cost_usd AS cost_usd,
    action_outcome.input_tokens AS input_tokens,
    action_outcome.output_tokens AS output_tokens,
    event_id,
    timestamp,
    trace_id,
    span_id,
    causation_id,
    correlation_id,
    subject,
    warnings
FROM swarm.events
WHERE disposition = 'stored' AND payload_kind = 'action_outcome'
COMMENT 'What came of decisions: one row per finished action.';

CREATE OR REPLACE VIEW swarm.state_changes
(
    epoch UInt64 COMMENT 'life of the stream, see swarm.epochs',
    seq UInt64 COMMENT 'sequence of the stream; (epoch, seq) is the position',
    recorded_at DateTime64(9, 'UTC') COMMENT 'the stream''s time, UTC',
    agent_id LowCardinality(String) COMMENT 'who',
    agent_role LowCardinality(String) COMMENT 'architect, coder, reviewer, operator, or a service',
    target_type String COMMENT 'FILE_SYSTEM, ENV_VAR, DB_SCHEMA …',
    target_resource String COMMENT 'which file, variable, schema …',
    previous_state_hash String COMMENT 'empty: it did not exist',
    new_state_hash String COMMENT 'empty: it no longer exists',
    diff_patch String COMMENT 'unified diff for files, JSON of the new value for variables',
    is_reversible Bool COMMENT 'whether it can be undone from the diff',
    truncated Bool COMMENT 'the diff was left out',
    external Bool COMMENT 'nobody in the swarm did this: it was found changed',
    event_id String COMMENT 'id of the event',
    timestamp Nullable(DateTime64(9, 'UTC')) COMMENT 'the producer''s clock, UTC; NULL when missing',
    trace_id String COMMENT 'W3C trace id',
    span_id String COMMENT 'W3C span id',
    causation_id String COMMENT 'id of the event that made this one happen',
    correlation_id String COMMENT 'id of the piece of work it belongs to',
    subject String COMMENT 'NATS subject',
    warnings Array(LowCardinality(String)) COMMENT 'what breaks the contracts in it'
)
AS SELECT
    epoch,
    seq,
    recorded_at,
    agent_id,
    agent_role,
    state_change.target_type AS target_type,
    state_change.target_resource AS target_resource,
    state_change.previous_state_hash AS previous_state_hash,
    state_change.new_state_hash AS new_state_hash,
    state_change.diff_patch AS diff_patch,
    state_change.is_reversible AS is_reversible,
    state_change.truncated AS truncated,
    state_change.external AS external,
    event_id,
    timestamp,
    trace_id,
    span_id,
    causation_id,
    correlation_id,
    subject,
    warnings
FROM swarm.events
WHERE disposition = 'stored' AND payload_kind = 'state_change'
COMMENT 'What was changed: the links of each resource''s chain of states.';

CREATE OR REPLACE VIEW swarm.signals
(
    epoch UInt64 COMMENT 'life of the stream, see swarm.epochs',
    seq UInt64 COMMENT 'sequence of the stream; (epoch, seq) is the position',
    recorded_at DateTime64(9, 'UTC') COMMENT 'the stream''s time, UTC',
    agent_id LowCardinality(String) COMMENT 'who',
    agent_role LowCardinality(String) COMMENT 'architect, coder, reviewer, operator, or a service',
    status String COMMENT 'STARTING, HEALTHY, CRITICAL_FAILURE …',
    cpu_load_percent Int32 COMMENT 'of the machine',
    memory_usage_mb Int32 COMMENT 'in use',
    event_id String COMMENT 'id of the event',
    timestamp Nullable(DateTime64(9, 'UTC')) COMMENT 'the producer''s clock, UTC; NULL when missing',
    trace_id String COMMENT 'W3C trace id',
    span_id String COMMENT 'W3C span id',
    causation_id String COMMENT 'id of the event that made this one happen',
    correlation_id String COMMENT 'id of the piece of work it belongs to',
    subject String COMMENT 'NATS subject',
    warnings Array(LowCardinality(String)) COMMENT 'what breaks the contracts in it'
)
AS SELECT
    epoch,
    seq,
    recorded_at,
    agent_id,
    agent_role,
    system_signal.status AS status,
    system_signal.cpu_load_percent AS cpu_load_percent,
    system_signal.memory_usage_mb AS memory_usage_mb,
    event_id,
    timestamp,
    trace_id,
    span_id,
    causation_id,
    correlation_id,
    subject,
    warnings
FROM swarm.events
WHERE disposition = 'stored' AND payload_kind = 'system_signal'
COMMENT 'How the members of the swarm say they are doing.';

CREATE OR REPLACE VIEW swarm.capacity
(
    epoch UInt64 COMMENT 'life of the stream, see swarm.epochs',
    seq UInt64 COMMENT 'sequence of the stream; (epoch, seq) is the position',
    recorded_at DateTime64(9, 'UTC') COMMENT 'the stream''s time, UTC',
    agent_id LowCardinality(String) COMMENT 'who',
    agent_role LowCardinality(String) COMMENT 'architect, coder, reviewer, operator, or a service',
    host String COMMENT 'which machine',
    cpu_percent Float64 COMMENT 'of all the processors it may use, since the sample before',
    cpu_count Float64 COMMENT 'processors it may use',
    load_1m Float64 COMMENT 'load average, one minute',
    load_5m Float64 COMMENT 'load average, five minutes',
    load_15m Float64 COMMENT 'load average, fifteen minutes',
    memory_used_bytes UInt64 COMMENT 'memory in use',
    memory_limit_bytes UInt64 COMMENT 'memory it may use',
    swap_used_bytes UInt64 COMMENT 'swap in use',
    swap_total_bytes UInt64 COMMENT 'swap there is',
    disk_path String COMMENT 'which file system',
    disk_used_bytes UInt64 COMMENT 'disk in use',
    disk_total_bytes UInt64 COMMENT 'disk there is',
    in_container Bool COMMENT 'the limits are a control group''s, not the machine''s',
    gpus Array(Tuple(index UInt32, name String, utilization_percent Float64, memory_used_bytes UInt64, memory_total_bytes UInt64, temperature_celsius Nullable(Float64))) COMMENT 'one element per GPU',
    event_id String COMMENT 'id of the event',
    timestamp Nullable(DateTime64(9, 'UTC')) COMMENT 'the producer''s clock, UTC; NULL when missing',
    trace_id String COMMENT 'W3C trace id',
    span_id String COMMENT 'W3C span id',
    causation_id String COMMENT 'id of the event that made this one happen',
    correlation_id String COMMENT 'id of the piece of work it belongs to',
    subject String COMMENT 'NATS subject',
    warnings Array(LowCardinality(String)) COMMENT 'what breaks the contracts in it'
)
AS SELECT
    epoch,
    seq,
    recorded_at,
    agent_id,
    agent_role,
    capacity_sampled.host AS host,
    capacity_sampled.cpu_percent AS cpu_percent,
    capacity_sampled.cpu_count AS cpu_count,
    capacity_sampled.load_1m AS load_1m,
    capacity_sampled.load_5m AS load_5m,
    capacity_sampled.load_15m AS load_15m,
    capacity_sampled.memory_used_bytes AS memory_used_bytes,
    capacity_sampled.memory_limit_bytes AS memory_limit_bytes,
    capacity_sampled.swap_used_bytes AS swap_used_bytes,
    capacity_sampled.swap_total_bytes AS swap_total_bytes,
    capacity_sampled.disk_path AS disk_path,
    capacity_sampled.disk_used_bytes AS disk_used_bytes,
    capacity_sampled.disk_total_bytes AS disk_total_bytes,
    capacity_sampled.in_container AS in_container,
    capacity_sampled.gpus AS gpus,
    event_id,
    timestamp,
    trace_id,
    span_id,
    causation_id,
    correlation_id,
    subject,
    warnings
FROM swarm.events
WHERE disposition = 'stored' AND payload_kind = 'capacity_sampled'
COMMENT 'What machines had and used, one row per sample.';

CREATE OR REPLACE VIEW swarm.alarms
(
    epoch UInt64 COMMENT 'life of the stream, see swarm.epochs',
    seq UInt64 COMMENT 'sequence of the stream; (epoch, seq) is the position',
    recorded_at DateTime64(9, 'UTC') COMMENT 'the stream''s time, UTC',
    agent_id LowCardinality(String) COMMENT 'who',
    agent_role LowCardinality(String) COMMENT 'architect, coder, reviewer, operator, or a service',
    name String COMMENT 'stable name, such as stream_truncated',
    severity LowCardinality(String) COMMENT 'info, warning, critical or unspecified',
    message String COMMENT 'what happened, where',
    action String COMMENT 'what to do',
    about_epoch UInt64 COMMENT 'epoch of the positions concerned',
    first_sequence UInt64 COMMENT 'first position concerned',
    last_sequence UInt64 COMMENT 'last position concerned',
    event_id String COMMENT 'id of the event',
    timestamp Nullable(DateTime64(9, 'UTC')) COMMENT 'the producer''s clock, UTC; NULL when missing',
    trace_id String COMMENT 'W3C trace id',
    span_id String COMMENT 'W3C span id',
    causation_id String COMMENT 'id of the event that made this one happen',
    correlation_id String COMMENT 'id of the piece of work it belongs to',
    subject String COMMENT 'NATS subject',
    warnings Array(LowCardinality(String)) COMMENT 'what breaks the contracts in it'
)
AS SELECT
    epoch,
    seq,
    recorded_at,
    agent_id,
    agent_role,
    alarm_raised.name AS name,
    alarm_raised.severity AS severity,
    alarm_raised.message AS message,
    alarm_raised.action AS action,
    alarm_raised.epoch AS about_epoch,
    alarm_raised.first_sequence AS first_sequence,
    alarm_raised.last_sequence AS last_sequence,
    event_id,
    timestamp,
    trace_id,
    span_id,
    causation_id,
    correlation_id,
    subject,
    warnings
FROM swarm.events
WHERE disposition = 'stored' AND payload_kind = 'alarm_raised'
COMMENT 'What must not go unnoticed.';

CREATE OR REPLACE VIEW swarm.processes
(
    epoch UInt64 COMMENT 'life of the stream, see swarm.epochs',
    seq UInt64 COMMENT 'sequence of the stream; (epoch, seq) is the position',
    recorded_at DateTime64(9, 'UTC') COMMENT 'the stream''s time, UTC',
    agent_id LowCardinality(String) COMMENT 'who',
    agent_role LowCardinality(String) COMMENT 'architect, coder, reviewer, operator, or a service',
    name String COMMENT 'which process',
    change String COMMENT 'started or exited',
    pid UInt32 COMMENT 'process id',
    attempt UInt32 COMMENT '1 at first, counted up by restarts',
    exit_code Nullable(Int32) COMMENT 'NULL for a start; negative: the signal that ended it',
    restart_in_seconds Nullable(Float64) COMMENT 'NULL for a start',
    event_id String COMMENT 'id of the event',
    timestamp Nullable(DateTime64(9, 'UTC')) COMMENT 'the producer''s clock, UTC; NULL when missing',
    trace_id String COMMENT 'W3C trace id',
    span_id String COMMENT 'W3C span id',
    causation_id String COMMENT 'id of the event that made this one happen',
    correlation_id String COMMENT 'id of the piece of work it belongs to',
    subject String COMMENT 'NATS subject',
    warnings Array(LowCardinality(String)) COMMENT 'what breaks the contracts in it'
)
AS SELECT
    epoch,
    seq,
    recorded_at,
    agent_id,
    agent_role,
    if(payload_kind = 'process_started', process_started.name, process_exited.name) AS name,
    if(payload_kind = 'process_started', 'started', 'exited') AS change,
    if(payload_kind = 'process_started', process_started.pid, process_exited.pid) AS pid,
    if(payload_kind = 'process_started', process_started.attempt, process_exited.attempt) AS attempt,
    if(payload_kind = 'process_exited', process_exited.exit_code, NULL) AS exit_code,
    if(payload_kind = 'process_exited', process_exited.restart_in_seconds, NULL) AS restart_in_seconds,
    event_id,
    timestamp,
    trace_id,
    span_id,
    causation_id,
    correlation_id,
    subject,
    warnings
FROM swarm.events
WHERE disposition = 'stored' AND payload_kind IN ('process_started', 'process_exited')
COMMENT 'The life of the processes of `ganglion up`: one row per start and per exit.';

CREATE OR REPLACE VIEW swarm.parked
(
    epoch UInt64 COMMENT 'life of the stream, see swarm.epochs',
    seq UInt64 COMMENT 'sequence of the stream; (epoch, seq) is the position',
    recorded_at DateTime64(9, 'UTC') COMMENT 'the stream''s time, UTC',
    subject String COMMENT 'NATS subject',
    reason LowCardinality(String) COMMENT 'why it could not be read',
    size_bytes UInt64 COMMENT 'length of the bytes',
    raw String COMMENT 'the exact bytes'
)
AS SELECT
    epoch,
    seq,
    recorded_at,
    subject,
    reason,
    length(raw) AS size_bytes,
    raw
FROM swarm.events
WHERE disposition = 'parked'
COMMENT 'What could not be read, and why. The bytes are kept.';
