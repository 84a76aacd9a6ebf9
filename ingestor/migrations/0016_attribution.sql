-- Who is behind an event (model, conversation, run, labels …), what its tokens were and where its cost is known from, and the
-- workspace that a resource is in. The view between the two tables names each element.

ALTER TABLE swarm.events
    ADD COLUMN IF NOT EXISTS attribution Tuple(role_name String, model String, provider_name String, conversation_id String, run_id String, prompt_id String, response_id String, tool_call_id String, labels Map(LowCardinality(String), String)) COMMENT 'who is behind it: role name, model, provider, conversation, run, prompt, response, tool call and labels, each empty when not given' CODEC(ZSTD(1)) AFTER producer_sequence,
    MODIFY COLUMN state_change Tuple(target_type String, target_resource String, previous_state_hash String, new_state_hash String, diff_patch String, is_reversible Bool, truncated Bool, external Bool, workspace String) COMMENT 'the what: one link in the chain of one resource''s states' CODEC(ZSTD(1)),
    MODIFY COLUMN action_outcome Tuple(decision_event_id String, status LowCardinality(String), exit_code Nullable(Int32), output String, output_truncated Bool, duration_seconds Nullable(Float64), cost_usd Nullable(Float64), input_tokens Nullable(UInt64), output_tokens Nullable(UInt64), cache_read_input_tokens Nullable(UInt64), cache_write_input_tokens Nullable(UInt64), reasoning_output_tokens Nullable(UInt64), cost_provenance LowCardinality(String), price_table String) COMMENT 'what came of an action that a decision chose; status: succeeded, failed, cancelled or unspecified; cost_provenance: reported, estimated, unknown or unspecified' CODEC(ZSTD(1));

ALTER TABLE swarm.landing
    ADD COLUMN IF NOT EXISTS attribution Tuple(role_name String, model String, provider_name String, conversation_id String, run_id String, prompt_id String, response_id String, tool_call_id String, labels Map(LowCardinality(String), String)) COMMENT 'see swarm.events' AFTER producer_sequence,
    MODIFY COLUMN state_change Tuple(target_type String, target_resource String, previous_state_hash String, new_state_hash String, diff_patch String, is_reversible Bool, truncated Bool, external Bool, workspace String) COMMENT 'see swarm.events',
    MODIFY COLUMN action_outcome Tuple(decision_event_id String, status Int32, exit_code Nullable(Int32), output String, output_truncated Bool, duration_seconds Nullable(Float64), cost_usd Nullable(Float64), input_tokens Nullable(UInt64), output_tokens Nullable(UInt64), cache_read_input_tokens Nullable(UInt64), cache_write_input_tokens Nullable(UInt64), reasoning_output_tokens Nullable(UInt64), cost_provenance Int32, price_table String) COMMENT 'see swarm.events; status and cost_provenance are numbers of the contract';

ALTER TABLE swarm.landing_to_events MODIFY QUERY
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
        [0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 15, 16],
        [
            'unspecified', 'architect', 'coder', 'reviewer', 'operator', 'overseer', 'governor', 'guardian',
            'ingestor', 'mission_control', 'supervisor', 'worker'
        ],
        toString(agent_role)
    ) AS agent_role,
    agent_id,
    transform(
        event_type,
        [0, 1, 2, 3, 10, 11, 12, 13, 14, 15],
        [
            'unspecified', 'decision', 'state_change', 'system', 'outcome', 'observation', 'alarm', 'request',
            'work', 'rule'
        ],
        toString(event_type)
    ) AS event_type,
    causation_id,
    correlation_id,
    producer_session,
    producer_sequence,
    attribution,
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
        action_outcome.output_tokens,
        action_outcome.cache_read_input_tokens,
        action_outcome.cache_write_input_tokens,
        action_outcome.reasoning_output_tokens,
        transform(
            action_outcome.cost_provenance,
            [0, 1, 2, 3],
            ['unspecified', 'reported', 'estimated', 'unknown'],
            toString(action_outcome.cost_provenance)
        ),
        action_outcome.price_table
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
    tuple(
        tuple(
            task_submitted.manifest.task_id,
            task_submitted.manifest.objective_id,
            task_submitted.manifest.action,
            task_submitted.manifest.description,
            task_submitted.manifest.payload_json,
            task_submitted.manifest.priority,
            task_submitted.manifest.owner,
            task_submitted.manifest.depends_on,
            task_submitted.manifest.ttl_seconds,
            task_submitted.manifest.required_skills,
            task_submitted.manifest.required_cpu_count,
            task_submitted.manifest.required_memory_bytes,
            task_submitted.manifest.max_attempts,
            task_submitted.manifest.idempotency_key,
            transform(task_submitted.manifest.risk_tier, [0, 1, 2, 3], ['unspecified', 'safe', 'experimental', 'high'], toString(task_submitted.manifest.risk_tier)),
            task_submitted.manifest.max_losses,
            task_submitted.manifest.attempt_seconds
        )
    ) AS task_submitted,
    task_rejected,
    task_claimed,
    task_progressed,
    task_released,
    task_completed,
    tuple(
        task_failed.task_id,
        task_failed.worker_id,
        task_failed.attempt,
        transform(task_failed.result, [0, 1, 2, 3, 4, 5, 6, 7], ['unspecified', 'completed', 'checks_failed', 'applied_checks_failed', 'failed', 'cancelled', 'expired', 'quarantined'], toString(task_failed.result)),
        task_failed.reason,
        task_failed.retry_in_seconds
    ) AS task_failed,
    task_cancelled,
    task_expired,
    task_quarantined,
    tuple(
        task_acknowledged.task_id,
        task_acknowledged.objective_id,
        task_acknowledged.action,
        task_acknowledged.worker_id,
        task_acknowledged.attempts,
        transform(task_acknowledged.result, [0, 1, 2, 3, 4, 5, 6, 7], ['unspecified', 'completed', 'checks_failed', 'applied_checks_failed', 'failed', 'cancelled', 'expired', 'quarantined'], toString(task_acknowledged.result)),
        task_acknowledged.output,
        task_acknowledged.duration_seconds,
        task_acknowledged.changed_files,
        task_acknowledged.notes,
        task_acknowledged.tool_efficacy_score
    ) AS task_acknowledged,
    tuple(
        arrayMap(
            each -> tuple(
            each.task_id,
            each.objective_id,
            each.action,
            each.description,
            each.payload_json,
            each.priority,
            each.owner,
            each.depends_on,
            each.ttl_seconds,
            each.required_skills,
            each.required_cpu_count,
            each.required_memory_bytes,
            each.max_attempts,
            each.idempotency_key,
            transform(each.risk_tier, [0, 1, 2, 3], ['unspecified', 'safe', 'experimental', 'high'], toString(each.risk_tier)),
            each.max_losses,
            each.attempt_seconds
            ),
            tasks_proposed.tasks
        ),
        tasks_proposed.together
    ) AS tasks_proposed,
    claim_requested,
    progress_reported,
    tuple(
        result_reported.task_id,
        result_reported.worker_id,
        result_reported.attempt,
        transform(result_reported.result, [0, 1, 2, 3, 4, 5, 6, 7], ['unspecified', 'completed', 'checks_failed', 'applied_checks_failed', 'failed', 'cancelled', 'expired', 'quarantined'], toString(result_reported.result)),
        result_reported.output,
        result_reported.changed_files,
        result_reported.notes,
        result_reported.next
    ) AS result_reported,
    tuple(
        result_arrived_late.task_id,
        result_arrived_late.worker_id,
        result_arrived_late.attempt,
        transform(result_arrived_late.result, [0, 1, 2, 3, 4, 5, 6, 7], ['unspecified', 'completed', 'checks_failed', 'applied_checks_failed', 'failed', 'cancelled', 'expired', 'quarantined'], toString(result_arrived_late.result)),
        result_arrived_late.reason
    ) AS result_arrived_late,
    release_requested,
    tuple(
        task_ordered.task_id,
        transform(task_ordered.order, [0, 1, 2, 3], ['unspecified', 'cancel', 'quarantine', 'retry'], toString(task_ordered.order)),
        task_ordered.reason,
        task_ordered.objective_id,
        task_ordered.payload_json
    ) AS task_ordered,
    objective_proposed,
    objective_added,
    objective_rejected,
    tuple(
        objective_planned.objective_id,
        objective_planned.plan,
        objective_planned.plan_version,
        objective_planned.task_ids,
        objective_planned.rationale,
        transform(objective_planned.risk_tier, [0, 1, 2, 3], ['unspecified', 'safe', 'experimental', 'high'], toString(objective_planned.risk_tier)),
        objective_planned.waits_for_approval
    ) AS objective_planned,
    objective_approved,
    tuple(
        objective_finished.objective_id,
        transform(objective_finished.result, [0, 1, 2, 3], ['unspecified', 'achieved', 'failed', 'cancelled'], toString(objective_finished.result)),
        objective_finished.summary
    ) AS objective_finished,
    worker_registered,
    worker_heartbeat,
    worker_departed,
    worker_lost,
    tuple(
        policy_adopted.hash,
        policy_adopted.text,
        policy_adopted.warnings,
        policy_adopted.max_cpu_pct,
        policy_adopted.max_ram_pct,
        policy_adopted.allow_unregistered_agents,
        policy_adopted.allowed_actions,
        arrayMap(each -> transform(each, [0, 1, 2, 3], ['unspecified', 'safe', 'experimental', 'high'], toString(each)), policy_adopted.allowed_tiers),
        policy_adopted.max_open_tasks,
        policy_adopted.max_claims_per_minute,
        policy_adopted.hard_stop
    ) AS policy_adopted,
    registry_adopted,
    charter_adopted,
    pulse_completed,
    dispatch_held,
    dispatch_resumed,
    system_mode_changed,
    halt_ordered,
    halt_lifted,
    tuple(
        transform(command_issued.kind, [0, 1, 2, 3, 4, 5, 6, 7], ['unspecified', 'throttle', 'sleep', 'release', 'clean_up', 'drain', 'stop', 'cancel'], toString(command_issued.kind)),
        command_issued.target,
        command_issued.reason,
        command_issued.expires_in_seconds,
        command_issued.limit,
        command_issued.releases_command_id,
        command_issued.emergency,
        command_issued.task_id,
        command_issued.attempt
    ) AS command_issued,
    command_acknowledged,
    tuple(
        incident_opened.incident_id,
        incident_opened.rule,
        incident_opened.subject_of_concern,
        transform(incident_opened.incident_class, [0, 1, 2, 3], ['unspecified', 'minor', 'major', 'critical'], toString(incident_opened.incident_class)),
        incident_opened.summary,
        incident_opened.cause_event_id
    ) AS incident_opened,
    recovery_attempted,
    tuple(
        incident_escalated.incident_id,
        transform(incident_escalated.incident_class, [0, 1, 2, 3], ['unspecified', 'minor', 'major', 'critical'], toString(incident_escalated.incident_class)),
        incident_escalated.reason
    ) AS incident_escalated,
    incident_closed,
    circuit_opened,
    requests_taken,
    tuple(
        task_imported.task_id,
        tuple(
            task_imported.manifest.task_id,
            task_imported.manifest.objective_id,
            task_imported.manifest.action,
            task_imported.manifest.description,
            task_imported.manifest.payload_json,
            task_imported.manifest.priority,
            task_imported.manifest.owner,
            task_imported.manifest.depends_on,
            task_imported.manifest.ttl_seconds,
            task_imported.manifest.required_skills,
            task_imported.manifest.required_cpu_count,
            task_imported.manifest.required_memory_bytes,
            task_imported.manifest.max_attempts,
            task_imported.manifest.idempotency_key,
            transform(task_imported.manifest.risk_tier, [0, 1, 2, 3], ['unspecified', 'safe', 'experimental', 'high'], toString(task_imported.manifest.risk_tier)),
            task_imported.manifest.max_losses,
            task_imported.manifest.attempt_seconds
        ),
        task_imported.status,
        task_imported.assignee,
        task_imported.created_at,
        task_imported.row_json
    ) AS task_imported,
    task_status_imported,
    raw,
    writer
FROM swarm.landing
WHERE throwIf(writer != last_writer, 'another ingestor has taken over') = 0
    AND throwIf(epoch != last_epoch, 'this epoch is closed') = 0
    AND seq > last_seq;

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
    role_name String COMMENT 'what the agent calls its role; empty when not given',
    model String COMMENT 'the model that decided; empty when not given',
    provider_name String COMMENT 'who runs the model; empty when not given',
    conversation_id String COMMENT 'the session of the agent; empty when not given',
    run_id String COMMENT 'one run of an agent or a workflow; empty when not given',
    prompt_id String COMMENT 'what a person asked; empty when not given',
    response_id String COMMENT 'the response of the model; empty when not given',
    tool_call_id String COMMENT 'the call that was decided, made or answered; empty when not given',
    labels Map(LowCardinality(String), String) COMMENT 'what else it is to be found by; empty when not given',
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
    multiIf(
        payload_kind = 'decision', decision.chosen_action,
        payload_kind = 'objective_approved', concat('approve objective ', objective_approved.objective_id),
        concat('call off objective ', task_ordered.objective_id)
    ) AS chosen_action,
    multiIf(
        payload_kind = 'decision', decision.rationale,
        payload_kind = 'objective_approved', objective_approved.reason,
        task_ordered.reason
    ) AS rationale,
    decision.rejected_alternatives AS rejected_alternatives,
    if(payload_kind = 'decision', decision.confidence_score, NULL) AS confidence_score,
    decision.input_trigger AS input_trigger,
    decision.context_hash AS context_hash,
    decision.memory_ids AS memory_ids,
    attribution.role_name AS role_name,
    attribution.model AS model,
    attribution.provider_name AS provider_name,
    attribution.conversation_id AS conversation_id,
    attribution.run_id AS run_id,
    attribution.prompt_id AS prompt_id,
    attribution.response_id AS response_id,
    attribution.tool_call_id AS tool_call_id,
    attribution.labels AS labels,
    event_id,
    timestamp,
    trace_id,
    span_id,
    causation_id,
    correlation_id,
    subject,
    warnings
FROM swarm.events
WHERE disposition = 'stored'
    AND (
        payload_kind = 'decision'
        OR payload_kind IN ('objective_approved', 'task_ordered')
        AND agent_role = 'operator'
        AND event_id IN (
            SELECT causation_id
            FROM swarm.events
            WHERE disposition = 'stored' AND agent_role = 'overseer' AND payload_kind IN ('objective_planned', 'objective_finished')
        )
    )
COMMENT 'What agents decided, and what people did about objectives: approved those that waited, called them off; and why.';

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
    cache_read_input_tokens Nullable(UInt64) COMMENT 'of the input tokens, those read from the provider''s cache; NULL when not given',
    cache_write_input_tokens Nullable(UInt64) COMMENT 'of the input tokens, those written to it; NULL when not given',
    reasoning_output_tokens Nullable(UInt64) COMMENT 'of the output tokens, those spent on reasoning; NULL when not given',
    cost_provenance LowCardinality(String) COMMENT 'where the cost is known from: reported, estimated, unknown or unspecified',
    price_table String COMMENT 'which prices an estimate is made from',
    role_name String COMMENT 'what the agent calls its role; empty when not given',
    model String COMMENT 'the model that decided; empty when not given',
    provider_name String COMMENT 'who runs the model; empty when not given',
    conversation_id String COMMENT 'the session of the agent; empty when not given',
    run_id String COMMENT 'one run of an agent or a workflow; empty when not given',
    prompt_id String COMMENT 'what a person asked; empty when not given',
    response_id String COMMENT 'the response of the model; empty when not given',
    tool_call_id String COMMENT 'the call that was decided, made or answered; empty when not given',
    labels Map(LowCardinality(String), String) COMMENT 'what else it is to be found by; empty when not given',
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
    action_outcome.cache_read_input_tokens AS cache_read_input_tokens,
    action_outcome.cache_write_input_tokens AS cache_write_input_tokens,
    action_outcome.reasoning_output_tokens AS reasoning_output_tokens,
    action_outcome.cost_provenance AS cost_provenance,
    action_outcome.price_table AS price_table,
    attribution.role_name AS role_name,
    attribution.model AS model,
    attribution.provider_name AS provider_name,
    attribution.conversation_id AS conversation_id,
    attribution.run_id AS run_id,
    attribution.prompt_id AS prompt_id,
    attribution.response_id AS response_id,
    attribution.tool_call_id AS tool_call_id,
    attribution.labels AS labels,
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
    workspace String COMMENT 'the repository or folder it is in; empty when not given',
    target_type String COMMENT 'FILE_SYSTEM, ENV_VAR, DB_SCHEMA …',
    target_resource String COMMENT 'which file, variable, schema …',
    previous_state_hash String COMMENT 'empty: it did not exist',
    new_state_hash String COMMENT 'empty: it no longer exists',
    diff_patch String COMMENT 'unified diff for files, JSON of the new value for variables',
    is_reversible Bool COMMENT 'whether it can be undone from the diff',
    truncated Bool COMMENT 'the diff was left out',
    external Bool COMMENT 'nobody in the swarm did this: it was found changed',
    role_name String COMMENT 'what the agent calls its role; empty when not given',
    model String COMMENT 'the model that decided; empty when not given',
    provider_name String COMMENT 'who runs the model; empty when not given',
    conversation_id String COMMENT 'the session of the agent; empty when not given',
    run_id String COMMENT 'one run of an agent or a workflow; empty when not given',
    prompt_id String COMMENT 'what a person asked; empty when not given',
    response_id String COMMENT 'the response of the model; empty when not given',
    tool_call_id String COMMENT 'the call that was decided, made or answered; empty when not given',
    labels Map(LowCardinality(String), String) COMMENT 'what else it is to be found by; empty when not given',
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
    state_change.workspace AS workspace,
    state_change.target_type AS target_type,
    state_change.target_resource AS target_resource,
    state_change.previous_state_hash AS previous_state_hash,
    state_change.new_state_hash AS new_state_hash,
    state_change.diff_patch AS diff_patch,
    state_change.is_reversible AS is_reversible,
    state_change.truncated AS truncated,
    state_change.external AS external,
    attribution.role_name AS role_name,
    attribution.model AS model,
    attribution.provider_name AS provider_name,
    attribution.conversation_id AS conversation_id,
    attribution.run_id AS run_id,
    attribution.prompt_id AS prompt_id,
    attribution.response_id AS response_id,
    attribution.tool_call_id AS tool_call_id,
    attribution.labels AS labels,
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
