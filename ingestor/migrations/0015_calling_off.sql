-- What is called off is told to who has it, a halt may end what is being done, a task may be tried again with another payload,
-- and says how long an attempt may take and how many may be lost. The view between the two tables names each element.

ALTER TABLE swarm.events
    MODIFY COLUMN task_submitted Tuple(manifest Tuple(task_id String, objective_id String, action String, description String, payload_json String, priority UInt32, owner String, depends_on Array(String), ttl_seconds Float64, required_skills Array(String), required_cpu_count Float64, required_memory_bytes UInt64, max_attempts UInt32, idempotency_key String, risk_tier LowCardinality(String), max_losses Nullable(UInt32), attempt_seconds Float64)) COMMENT 'a task was accepted; risk_tier: safe, experimental, high or unspecified' CODEC(ZSTD(1)),
    MODIFY COLUMN task_released Tuple(task_id String, worker_id String, attempt UInt32, reason String, retry_in_seconds Float64, given_back Bool, again Bool, payload_json Nullable(String)) COMMENT 'a lease ran out or was given back, or somebody lets the task be tried again; it waits again' CODEC(ZSTD(1)),
    MODIFY COLUMN tasks_proposed Tuple(tasks Array(Tuple(task_id String, objective_id String, action String, description String, payload_json String, priority UInt32, owner String, depends_on Array(String), ttl_seconds Float64, required_skills Array(String), required_cpu_count Float64, required_memory_bytes UInt64, max_attempts UInt32, idempotency_key String, risk_tier LowCardinality(String), max_losses Nullable(UInt32), attempt_seconds Float64)), together Bool) COMMENT 'tasks that somebody wants done' CODEC(ZSTD(1)),
    MODIFY COLUMN task_ordered Tuple(task_id String, order LowCardinality(String), reason String, objective_id String, payload_json Nullable(String)) COMMENT 'a person or the guardian decided over a task, or over an objective with all its tasks; order: cancel, quarantine, retry or unspecified' CODEC(ZSTD(1)),
    MODIFY COLUMN halt_ordered Tuple(reason String, now Bool) COMMENT 'somebody stopped dispatch; now: and ended what was being done' CODEC(ZSTD(1)),
    MODIFY COLUMN command_issued Tuple(kind LowCardinality(String), target String, reason String, expires_in_seconds Float64, limit UInt32, releases_command_id String, emergency Bool, task_id String, attempt UInt32) COMMENT 'an order to a worker or a service; kind: throttle, sleep, release, clean_up, drain, stop, cancel or unspecified' CODEC(ZSTD(1)),
    MODIFY COLUMN task_imported Tuple(task_id String, manifest Tuple(task_id String, objective_id String, action String, description String, payload_json String, priority UInt32, owner String, depends_on Array(String), ttl_seconds Float64, required_skills Array(String), required_cpu_count Float64, required_memory_bytes UInt64, max_attempts UInt32, idempotency_key String, risk_tier LowCardinality(String), max_losses Nullable(UInt32), attempt_seconds Float64), status String, assignee String, created_at String, row_json String) COMMENT 'a row of an older stations task queue: history' CODEC(ZSTD(1));

ALTER TABLE swarm.landing
    MODIFY COLUMN task_submitted Tuple(manifest Tuple(task_id String, objective_id String, action String, description String, payload_json String, priority UInt32, owner String, depends_on Array(String), ttl_seconds Float64, required_skills Array(String), required_cpu_count Float64, required_memory_bytes UInt64, max_attempts UInt32, idempotency_key String, risk_tier Int32, max_losses Nullable(UInt32), attempt_seconds Float64)) COMMENT 'see swarm.events',
    MODIFY COLUMN task_released Tuple(task_id String, worker_id String, attempt UInt32, reason String, retry_in_seconds Float64, given_back Bool, again Bool, payload_json Nullable(String)) COMMENT 'see swarm.events',
    MODIFY COLUMN tasks_proposed Tuple(tasks Array(Tuple(task_id String, objective_id String, action String, description String, payload_json String, priority UInt32, owner String, depends_on Array(String), ttl_seconds Float64, required_skills Array(String), required_cpu_count Float64, required_memory_bytes UInt64, max_attempts UInt32, idempotency_key String, risk_tier Int32, max_losses Nullable(UInt32), attempt_seconds Float64)), together Bool) COMMENT 'see swarm.events',
    MODIFY COLUMN task_ordered Tuple(task_id String, order Int32, reason String, objective_id String, payload_json Nullable(String)) COMMENT 'see swarm.events',
    MODIFY COLUMN halt_ordered Tuple(reason String, now Bool) COMMENT 'see swarm.events',
    MODIFY COLUMN command_issued Tuple(kind Int32, target String, reason String, expires_in_seconds Float64, limit UInt32, releases_command_id String, emergency Bool, task_id String, attempt UInt32) COMMENT 'see swarm.events',
    MODIFY COLUMN task_imported Tuple(task_id String, manifest Tuple(task_id String, objective_id String, action String, description String, payload_json String, priority UInt32, owner String, depends_on Array(String), ttl_seconds Float64, required_skills Array(String), required_cpu_count Float64, required_memory_bytes UInt64, max_attempts UInt32, idempotency_key String, risk_tier Int32, max_losses Nullable(UInt32), attempt_seconds Float64), status String, assignee String, created_at String, row_json String) COMMENT 'see swarm.events';

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
