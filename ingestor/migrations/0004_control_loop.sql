-- The control loop on record: tasks, objectives, workers, rules, pulses, commands, incidents; a column for each kind of fact.
-- The path from the door to the table is written anew with them; fence and guard are those of 0002.

ALTER TABLE swarm.events
    ADD COLUMN IF NOT EXISTS task_submitted Tuple(
        manifest Tuple(task_id String, objective_id String, action String, description String, payload_json String, priority UInt32, owner String, depends_on Array(String), ttl_seconds Float64, required_skills Array(String), required_cpu_count Float64, required_memory_bytes UInt64, max_attempts UInt32, idempotency_key String, risk_tier LowCardinality(String))
    ) COMMENT 'a task was accepted; risk_tier: safe, experimental, high or unspecified' CODEC(ZSTD(1)) AFTER alarm_raised,
    ADD COLUMN IF NOT EXISTS task_rejected Tuple(
        task_id String,
        objective_id String,
        reasons Array(String)
    ) COMMENT 'a task that cannot be true was turned down, and why' CODEC(ZSTD(1)) AFTER task_submitted,
    ADD COLUMN IF NOT EXISTS task_claimed Tuple(
        task_id String,
        worker_id String,
        request_id String,
        attempt UInt32,
        lease_seconds Float64
    ) COMMENT 'a worker holds a task for lease_seconds' CODEC(ZSTD(1)) AFTER task_rejected,
    ADD COLUMN IF NOT EXISTS task_progressed Tuple(
        task_id String,
        worker_id String,
        attempt UInt32,
        fraction Nullable(Float64),
        note String,
        lease_seconds Float64
    ) COMMENT 'a worker is at a task; its lease begins anew' CODEC(ZSTD(1)) AFTER task_claimed,
    ADD COLUMN IF NOT EXISTS task_released Tuple(
        task_id String,
        worker_id String,
        attempt UInt32,
        reason String,
        retry_in_seconds Float64,
        given_back Bool
    ) COMMENT 'a lease ran out or was given back; the task waits again' CODEC(ZSTD(1)) AFTER task_progressed,
    ADD COLUMN IF NOT EXISTS task_completed Tuple(
        task_id String,
        worker_id String,
        attempt UInt32
    ) COMMENT 'a task was done' CODEC(ZSTD(1)) AFTER task_released,
    ADD COLUMN IF NOT EXISTS task_failed Tuple(
        task_id String,
        worker_id String,
        attempt UInt32,
        result LowCardinality(String),
        reason String,
        retry_in_seconds Nullable(Float64)
    ) COMMENT 'an attempt failed; retry_in_seconds is NULL when it was the last' CODEC(ZSTD(1)) AFTER task_completed,
    ADD COLUMN IF NOT EXISTS task_cancelled Tuple(
        task_id String,
        reason String
    ) COMMENT 'a task was called off' CODEC(ZSTD(1)) AFTER task_failed,
    ADD COLUMN IF NOT EXISTS task_expired Tuple(
        task_id String,
        reason String
    ) COMMENT 'a task outlived its time to live' CODEC(ZSTD(1)) AFTER task_cancelled,
    ADD COLUMN IF NOT EXISTS task_quarantined Tuple(
        task_id String,
        reason String
    ) COMMENT 'a task was set aside until a person says otherwise' CODEC(ZSTD(1)) AFTER task_expired,
    ADD COLUMN IF NOT EXISTS task_acknowledged Tuple(
        task_id String,
        objective_id String,
        action String,
        worker_id String,
        attempts UInt32,
        result LowCardinality(String),
        output String,
        duration_seconds Float64,
        changed_files Array(String),
        notes String,
        tool_efficacy_score Float64
    ) COMMENT 'what a finished task leaves behind; result: completed, checks_failed, applied_checks_failed, failed, cancelled, expired, quarantined or unspecified' CODEC(ZSTD(1)) AFTER task_quarantined,
    ADD COLUMN IF NOT EXISTS tasks_proposed Tuple(
        tasks Array(Tuple(task_id String, objective_id String, action String, description String, payload_json String, priority UInt32, owner String, depends_on Array(String), ttl_seconds Float64, required_skills Array(String), required_cpu_count Float64, required_memory_bytes UInt64, max_attempts UInt32, idempotency_key String, risk_tier LowCardinality(String))),
        together Bool
    ) COMMENT 'tasks that somebody wants done' CODEC(ZSTD(1)) AFTER task_acknowledged,
    ADD COLUMN IF NOT EXISTS claim_requested Tuple(
        worker_id String,
        skills Array(String),
        free_cpu_count Float64,
        free_memory_bytes UInt64
    ) COMMENT 'a worker asked for a task and got one' CODEC(ZSTD(1)) AFTER tasks_proposed,
    ADD COLUMN IF NOT EXISTS progress_reported Tuple(
        task_id String,
        worker_id String,
        attempt UInt32,
        fraction Nullable(Float64),
        note String
    ) COMMENT 'a worker reported progress' CODEC(ZSTD(1)) AFTER claim_requested,
    ADD COLUMN IF NOT EXISTS result_reported Tuple(
        task_id String,
        worker_id String,
        attempt UInt32,
        result LowCardinality(String),
        output String,
        changed_files Array(String),
        notes String
    ) COMMENT 'a worker reported how its attempt ended' CODEC(ZSTD(1)) AFTER progress_reported,
    ADD COLUMN IF NOT EXISTS result_arrived_late Tuple(
        task_id String,
        worker_id String,
        attempt UInt32,
        result LowCardinality(String),
        reason String
    ) COMMENT 'a result of a lease that was lost: not applied' CODEC(ZSTD(1)) AFTER result_reported,
    ADD COLUMN IF NOT EXISTS release_requested Tuple(
        task_id String,
        worker_id String,
        attempt UInt32,
        reason String
    ) COMMENT 'a worker gave a task back' CODEC(ZSTD(1)) AFTER result_arrived_late,
    ADD COLUMN IF NOT EXISTS task_ordered Tuple(
        task_id String,
        order LowCardinality(String),
        reason String
    ) COMMENT 'a person or the guardian decided over a task; order: cancel, quarantine, retry or unspecified' CODEC(ZSTD(1)) AFTER release_requested,
    ADD COLUMN IF NOT EXISTS objective_proposed Tuple(
        objective_id String,
        description String,
        priority UInt32,
        metadata_json String,
        source String,
        history Bool
    ) COMMENT 'an objective that somebody wants reached' CODEC(ZSTD(1)) AFTER task_ordered,
    ADD COLUMN IF NOT EXISTS objective_added Tuple(
        objective_id String,
        description String,
        priority UInt32,
        metadata_json String,
        source String,
        history Bool
    ) COMMENT 'an objective was accepted' CODEC(ZSTD(1)) AFTER objective_proposed,
    ADD COLUMN IF NOT EXISTS objective_rejected Tuple(
        objective_id String,
        reasons Array(String)
    ) COMMENT 'an objective that cannot be true was turned down, and why' CODEC(ZSTD(1)) AFTER objective_added,
    ADD COLUMN IF NOT EXISTS objective_planned Tuple(
        objective_id String,
        plan String,
        plan_version String,
        task_ids Array(String),
        rationale String,
        risk_tier LowCardinality(String),
        waits_for_approval Bool
    ) COMMENT 'an objective became tasks, or waits for a person' CODEC(ZSTD(1)) AFTER objective_rejected,
    ADD COLUMN IF NOT EXISTS objective_approved Tuple(
        objective_id String,
        reason String
    ) COMMENT 'a person said yes to a plan' CODEC(ZSTD(1)) AFTER objective_planned,
    ADD COLUMN IF NOT EXISTS objective_finished Tuple(
        objective_id String,
        result LowCardinality(String),
        summary String
    ) COMMENT 'an objective was reached or not; result: achieved, failed, cancelled or unspecified' CODEC(ZSTD(1)) AFTER objective_approved,
    ADD COLUMN IF NOT EXISTS worker_registered Tuple(
        worker_id String,
        skills Array(String),
        max_concurrent_tasks UInt32,
        host String,
        pid UInt32,
        heartbeat_seconds Float64
    ) COMMENT 'a worker offers itself' CODEC(ZSTD(1)) AFTER objective_finished,
    ADD COLUMN IF NOT EXISTS worker_heartbeat Tuple(
        worker_id String,
        task_ids Array(String),
        draining Bool
    ) COMMENT 'a worker is alive; the leases it names begin anew' CODEC(ZSTD(1)) AFTER worker_registered,
    ADD COLUMN IF NOT EXISTS worker_departed Tuple(
        worker_id String,
        reason String
    ) COMMENT 'a worker left in good order' CODEC(ZSTD(1)) AFTER worker_heartbeat,
    ADD COLUMN IF NOT EXISTS worker_lost Tuple(
        worker_id String,
        silent_seconds Float64
    ) COMMENT 'a worker was silent for longer than allowed' CODEC(ZSTD(1)) AFTER worker_departed,
    ADD COLUMN IF NOT EXISTS policy_adopted Tuple(
        hash String,
        text String,
        warnings Array(String),
        max_cpu_pct Float64,
        max_ram_pct Float64,
        allow_unregistered_agents Bool,
        allowed_actions Array(String),
        allowed_tiers Array(LowCardinality(String)),
        max_open_tasks UInt32,
        max_claims_per_minute UInt32
    ) COMMENT 'the policy in force from here on; allowed_tiers: safe, experimental, high or unspecified' CODEC(ZSTD(1)) AFTER worker_lost,
    ADD COLUMN IF NOT EXISTS registry_adopted Tuple(
        hash String,
        entries Array(Tuple(agent_id String, role String, skills Array(String), autonomy String, entry_json String)),
        warnings Array(String)
    ) COMMENT 'the registered agents from here on' CODEC(ZSTD(1)) AFTER policy_adopted,
    ADD COLUMN IF NOT EXISTS charter_adopted Tuple(
        hash String,
        path String
    ) COMMENT 'the charter the overseer runs under' CODEC(ZSTD(1)) AFTER registry_adopted,
    ADD COLUMN IF NOT EXISTS pulse_completed Tuple(
        number UInt64,
        charter_hash String,
        policy_hash String,
        interval_seconds Float64,
        system_mode String,
        workers_alive UInt32,
        tasks_waiting UInt32,
        tasks_claimed UInt32,
        cpu_percent Float64,
        memory_percent Float64,
        ingest_lag UInt64,
        planned_objectives Array(String),
        dispatch_held Bool,
        hold_reason String,
        tasks_completed UInt32,
        tasks_failed UInt32,
        tasks_requeued UInt32,
        mean_tool_efficacy_score Nullable(Float64),
        trend_tool_efficacy_score Float64,
        weights Array(Tuple(agent_id String, action String, weight Float64)),
        recommendation String,
        indicators Array(Tuple(name String, value Nullable(Float64), target Float64, met Bool)),
        alarms Array(String),
        incidents Array(String)
    ) COMMENT 'one round of reflect, plan, act and critique, with all it saw and did' CODEC(ZSTD(1)) AFTER charter_adopted,
    ADD COLUMN IF NOT EXISTS dispatch_held Tuple(
        reason String
    ) COMMENT 'no task is handed out from here on' CODEC(ZSTD(1)) AFTER pulse_completed,
    ADD COLUMN IF NOT EXISTS dispatch_resumed Tuple(
        reason String
    ) COMMENT 'tasks are handed out again' CODEC(ZSTD(1)) AFTER dispatch_held,
    ADD COLUMN IF NOT EXISTS system_mode_changed Tuple(
        mode String,
        reason String
    ) COMMENT 'operational, degraded or halted from here on' CODEC(ZSTD(1)) AFTER dispatch_resumed,
    ADD COLUMN IF NOT EXISTS halt_ordered Tuple(
        reason String
    ) COMMENT 'a person stopped dispatch' CODEC(ZSTD(1)) AFTER system_mode_changed,
    ADD COLUMN IF NOT EXISTS halt_lifted Tuple(
        reason String
    ) COMMENT 'a person let dispatch go on' CODEC(ZSTD(1)) AFTER halt_ordered,
    ADD COLUMN IF NOT EXISTS command_issued Tuple(
        kind LowCardinality(String),
        target String,
        reason String,
        expires_in_seconds Float64,
        limit UInt32,
        releases_command_id String,
        emergency Bool
    ) COMMENT 'an order to a worker or a service; kind: throttle, sleep, release, clean_up, drain, stop or unspecified' CODEC(ZSTD(1)) AFTER halt_lifted,
    ADD COLUMN IF NOT EXISTS command_acknowledged Tuple(
        command_id String,
        target String,
        obeyed Bool,
        note String
    ) COMMENT 'what became of an order' CODEC(ZSTD(1)) AFTER command_issued,
    ADD COLUMN IF NOT EXISTS incident_opened Tuple(
        incident_id String,
        rule String,
        subject_of_concern String,
        incident_class LowCardinality(String),
        summary String,
        cause_event_id String
    ) COMMENT 'the guardian saw something wrong; incident_class: minor, major, critical or unspecified' CODEC(ZSTD(1)) AFTER command_acknowledged,
    ADD COLUMN IF NOT EXISTS recovery_attempted Tuple(
        incident_id String,
        step String,
        attempt UInt32,
        detail String
    ) COMMENT 'a step of a playbook was taken' CODEC(ZSTD(1)) AFTER incident_opened,
    ADD COLUMN IF NOT EXISTS incident_escalated Tuple(
        incident_id String,
        incident_class LowCardinality(String),
        reason String
    ) COMMENT 'an incident became worse' CODEC(ZSTD(1)) AFTER recovery_attempted,
    ADD COLUMN IF NOT EXISTS incident_closed Tuple(
        incident_id String,
        recovered Bool,
        root_cause String,
        timeline Array(Tuple(after_seconds Float64, text String)),
        duration_seconds Float64
    ) COMMENT 'an incident ended, with its timeline and root cause' CODEC(ZSTD(1)) AFTER incident_escalated,
    ADD COLUMN IF NOT EXISTS circuit_opened Tuple(
        playbook String,
        subject_of_concern String,
        for_seconds Float64,
        reason String
    ) COMMENT 'a playbook that does not help rests' CODEC(ZSTD(1)) AFTER incident_closed,
    ADD COLUMN IF NOT EXISTS requests_taken Tuple(
        service String,
        scope String,
        term UInt64,
        number UInt64,
        as_of_sequence UInt64,
        requests UInt32
    ) COMMENT 'requests that led to decisions' CODEC(ZSTD(1)) AFTER circuit_opened,
    ADD COLUMN IF NOT EXISTS task_imported Tuple(
        task_id String,
        manifest Tuple(task_id String, objective_id String, action String, description String, payload_json String, priority UInt32, owner String, depends_on Array(String), ttl_seconds Float64, required_skills Array(String), required_cpu_count Float64, required_memory_bytes UInt64, max_attempts UInt32, idempotency_key String, risk_tier LowCardinality(String)),
        status String,
        assignee String,
        created_at String,
        row_json String
    ) COMMENT 'a row of an older stations task queue: history' CODEC(ZSTD(1)) AFTER requests_taken,
    ADD COLUMN IF NOT EXISTS task_status_imported Tuple(
        task_id String,
        agent_id String,
        status String,
        notes String,
        reported_at String,
        row_json String
    ) COMMENT 'a row of an older stations task status file: history' CODEC(ZSTD(1)) AFTER task_imported;

ALTER TABLE swarm.landing
    ADD COLUMN IF NOT EXISTS task_submitted Tuple(
        manifest Tuple(task_id String, objective_id String, action String, description String, payload_json String, priority UInt32, owner String, depends_on Array(String), ttl_seconds Float64, required_skills Array(String), required_cpu_count Float64, required_memory_bytes UInt64, max_attempts UInt32, idempotency_key String, risk_tier Int32)
    ) COMMENT 'see swarm.events' AFTER alarm_raised,
    ADD COLUMN IF NOT EXISTS task_rejected Tuple(
        task_id String,
        objective_id String,
        reasons Array(String)
    ) COMMENT 'see swarm.events' AFTER task_submitted,
    ADD COLUMN IF NOT EXISTS task_claimed Tuple(
        task_id String,
        worker_id String,
        request_id String,
        attempt UInt32,
        lease_seconds Float64
    ) COMMENT 'see swarm.events' AFTER task_rejected,
    ADD COLUMN IF NOT EXISTS task_progressed Tuple(
        task_id String,
        worker_id String,
        attempt UInt32,
        fraction Nullable(Float64),
        note String,
        lease_seconds Float64
    ) COMMENT 'see swarm.events' AFTER task_claimed,
    ADD COLUMN IF NOT EXISTS task_released Tuple(
        task_id String,
        worker_id String,
        attempt UInt32,
        reason String,
        retry_in_seconds Float64,
        given_back Bool
    ) COMMENT 'see swarm.events' AFTER task_progressed,
    ADD COLUMN IF NOT EXISTS task_completed Tuple(
        task_id String,
        worker_id String,
        attempt UInt32
    ) COMMENT 'see swarm.events' AFTER task_released,
    ADD COLUMN IF NOT EXISTS task_failed Tuple(
        task_id String,
        worker_id String,
        attempt UInt32,
        result Int32,
        reason String,
        retry_in_seconds Nullable(Float64)
    ) COMMENT 'see swarm.events' AFTER task_completed,
    ADD COLUMN IF NOT EXISTS task_cancelled Tuple(
        task_id String,
        reason String
    ) COMMENT 'see swarm.events' AFTER task_failed,
    ADD COLUMN IF NOT EXISTS task_expired Tuple(
        task_id String,
        reason String
    ) COMMENT 'see swarm.events' AFTER task_cancelled,
    ADD COLUMN IF NOT EXISTS task_quarantined Tuple(
        task_id String,
        reason String
    ) COMMENT 'see swarm.events' AFTER task_expired,
    ADD COLUMN IF NOT EXISTS task_acknowledged Tuple(
        task_id String,
        objective_id String,
        action String,
        worker_id String,
        attempts UInt32,
        result Int32,
        output String,
        duration_seconds Float64,
        changed_files Array(String),
        notes String,
        tool_efficacy_score Float64
    ) COMMENT 'see swarm.events' AFTER task_quarantined,
    ADD COLUMN IF NOT EXISTS tasks_proposed Tuple(
        tasks Array(Tuple(task_id String, objective_id String, action String, description String, payload_json String, priority UInt32, owner String, depends_on Array(String), ttl_seconds Float64, required_skills Array(String), required_cpu_count Float64, required_memory_bytes UInt64, max_attempts UInt32, idempotency_key String, risk_tier Int32)),
        together Bool
    ) COMMENT 'see swarm.events' AFTER task_acknowledged,
    ADD COLUMN IF NOT EXISTS claim_requested Tuple(
        worker_id String,
        skills Array(String),
        free_cpu_count Float64,
        free_memory_bytes UInt64
    ) COMMENT 'see swarm.events' AFTER tasks_proposed,
    ADD COLUMN IF NOT EXISTS progress_reported Tuple(
        task_id String,
        worker_id String,
        attempt UInt32,
        fraction Nullable(Float64),
        note String
    ) COMMENT 'see swarm.events' AFTER claim_requested,
    ADD COLUMN IF NOT EXISTS result_reported Tuple(
        task_id String,
        worker_id String,
        attempt UInt32,
        result Int32,
        output String,
        changed_files Array(String),
        notes String
    ) COMMENT 'see swarm.events' AFTER progress_reported,
    ADD COLUMN IF NOT EXISTS result_arrived_late Tuple(
        task_id String,
        worker_id String,
        attempt UInt32,
        result Int32,
        reason String
    ) COMMENT 'see swarm.events' AFTER result_reported,
    ADD COLUMN IF NOT EXISTS release_requested Tuple(
        task_id String,
        worker_id String,
        attempt UInt32,
        reason String
    ) COMMENT 'see swarm.events' AFTER result_arrived_late,
    ADD COLUMN IF NOT EXISTS task_ordered Tuple(
        task_id String,
        order Int32,
        reason String
    ) COMMENT 'see swarm.events' AFTER release_requested,
    ADD COLUMN IF NOT EXISTS objective_proposed Tuple(
        objective_id String,
        description String,
        priority UInt32,
        metadata_json String,
        source String,
        history Bool
    ) COMMENT 'see swarm.events' AFTER task_ordered,
    ADD COLUMN IF NOT EXISTS objective_added Tuple(
        objective_id String,
        description String,
        priority UInt32,
        metadata_json String,
        source String,
        history Bool
    ) COMMENT 'see swarm.events' AFTER objective_proposed,
    ADD COLUMN IF NOT EXISTS objective_rejected Tuple(
        objective_id String,
        reasons Array(String)
    ) COMMENT 'see swarm.events' AFTER objective_added,
    ADD COLUMN IF NOT EXISTS objective_planned Tuple(
        objective_id String,
        plan String,
        plan_version String,
        task_ids Array(String),
        rationale String,
        risk_tier Int32,
        waits_for_approval Bool
    ) COMMENT 'see swarm.events' AFTER objective_rejected,
    ADD COLUMN IF NOT EXISTS objective_approved Tuple(
        objective_id String,
        reason String
    ) COMMENT 'see swarm.events' AFTER objective_planned,
    ADD COLUMN IF NOT EXISTS objective_finished Tuple(
        objective_id String,
        result Int32,
        summary String
    ) COMMENT 'see swarm.events' AFTER objective_approved,
    ADD COLUMN IF NOT EXISTS worker_registered Tuple(
        worker_id String,
        skills Array(String),
        max_concurrent_tasks UInt32,
        host String,
        pid UInt32,
        heartbeat_seconds Float64
    ) COMMENT 'see swarm.events' AFTER objective_finished,
    ADD COLUMN IF NOT EXISTS worker_heartbeat Tuple(
        worker_id String,
        task_ids Array(String),
        draining Bool
    ) COMMENT 'see swarm.events' AFTER worker_registered,
    ADD COLUMN IF NOT EXISTS worker_departed Tuple(
        worker_id String,
        reason String
    ) COMMENT 'see swarm.events' AFTER worker_heartbeat,
    ADD COLUMN IF NOT EXISTS worker_lost Tuple(
        worker_id String,
        silent_seconds Float64
    ) COMMENT 'see swarm.events' AFTER worker_departed,
    ADD COLUMN IF NOT EXISTS policy_adopted Tuple(
        hash String,
        text String,
        warnings Array(String),
        max_cpu_pct Float64,
        max_ram_pct Float64,
        allow_unregistered_agents Bool,
        allowed_actions Array(String),
        allowed_tiers Array(Int32),
        max_open_tasks UInt32,
        max_claims_per_minute UInt32
    ) COMMENT 'see swarm.events' AFTER worker_lost,
    ADD COLUMN IF NOT EXISTS registry_adopted Tuple(
        hash String,
        entries Array(Tuple(agent_id String, role String, skills Array(String), autonomy String, entry_json String)),
        warnings Array(String)
    ) COMMENT 'see swarm.events' AFTER policy_adopted,
    ADD COLUMN IF NOT EXISTS charter_adopted Tuple(
        hash String,
        path String
    ) COMMENT 'see swarm.events' AFTER registry_adopted,
    ADD COLUMN IF NOT EXISTS pulse_completed Tuple(
        number UInt64,
        charter_hash String,
        policy_hash String,
        interval_seconds Float64,
        system_mode String,
        workers_alive UInt32,
        tasks_waiting UInt32,
        tasks_claimed UInt32,
        cpu_percent Float64,
        memory_percent Float64,
        ingest_lag UInt64,
        planned_objectives Array(String),
        dispatch_held Bool,
        hold_reason String,
        tasks_completed UInt32,
        tasks_failed UInt32,
        tasks_requeued UInt32,
        mean_tool_efficacy_score Nullable(Float64),
        trend_tool_efficacy_score Float64,
        weights Array(Tuple(agent_id String, action String, weight Float64)),
        recommendation String,
        indicators Array(Tuple(name String, value Nullable(Float64), target Float64, met Bool)),
        alarms Array(String),
        incidents Array(String)
    ) COMMENT 'see swarm.events' AFTER charter_adopted,
    ADD COLUMN IF NOT EXISTS dispatch_held Tuple(
        reason String
    ) COMMENT 'see swarm.events' AFTER pulse_completed,
    ADD COLUMN IF NOT EXISTS dispatch_resumed Tuple(
        reason String
    ) COMMENT 'see swarm.events' AFTER dispatch_held,
    ADD COLUMN IF NOT EXISTS system_mode_changed Tuple(
        mode String,
        reason String
    ) COMMENT 'see swarm.events' AFTER dispatch_resumed,
    ADD COLUMN IF NOT EXISTS halt_ordered Tuple(
        reason String
    ) COMMENT 'see swarm.events' AFTER system_mode_changed,
    ADD COLUMN IF NOT EXISTS halt_lifted Tuple(
        reason String
    ) COMMENT 'see swarm.events' AFTER halt_ordered,
    ADD COLUMN IF NOT EXISTS command_issued Tuple(
        kind Int32,
        target String,
        reason String,
        expires_in_seconds Float64,
        limit UInt32,
        releases_command_id String,
        emergency Bool
    ) COMMENT 'see swarm.events' AFTER halt_lifted,
    ADD COLUMN IF NOT EXISTS command_acknowledged Tuple(
        command_id String,
        target String,
        obeyed Bool,
        note String
    ) COMMENT 'see swarm.events' AFTER command_issued,
    ADD COLUMN IF NOT EXISTS incident_opened Tuple(
        incident_id String,
        rule String,
        subject_of_concern String,
        incident_class Int32,
        summary String,
        cause_event_id String
    ) COMMENT 'see swarm.events' AFTER command_acknowledged,
    ADD COLUMN IF NOT EXISTS recovery_attempted Tuple(
        incident_id String,
        step String,
        attempt UInt32,
        detail String
    ) COMMENT 'see swarm.events' AFTER incident_opened,
    ADD COLUMN IF NOT EXISTS incident_escalated Tuple(
        incident_id String,
        incident_class Int32,
        reason String
    ) COMMENT 'see swarm.events' AFTER recovery_attempted,
    ADD COLUMN IF NOT EXISTS incident_closed Tuple(
        incident_id String,
        recovered Bool,
        root_cause String,
        timeline Array(Tuple(after_seconds Float64, text String)),
        duration_seconds Float64
    ) COMMENT 'see swarm.events' AFTER incident_escalated,
    ADD COLUMN IF NOT EXISTS circuit_opened Tuple(
        playbook String,
        subject_of_concern String,
        for_seconds Float64,
        reason String
    ) COMMENT 'see swarm.events' AFTER incident_closed,
    ADD COLUMN IF NOT EXISTS requests_taken Tuple(
        service String,
        scope String,
        term UInt64,
        number UInt64,
        as_of_sequence UInt64,
        requests UInt32
    ) COMMENT 'see swarm.events' AFTER circuit_opened,
    ADD COLUMN IF NOT EXISTS task_imported Tuple(
        task_id String,
        manifest Tuple(task_id String, objective_id String, action String, description String, payload_json String, priority UInt32, owner String, depends_on Array(String), ttl_seconds Float64, required_skills Array(String), required_cpu_count Float64, required_memory_bytes UInt64, max_attempts UInt32, idempotency_key String, risk_tier Int32),
        status String,
        assignee String,
        created_at String,
        row_json String
    ) COMMENT 'see swarm.events' AFTER requests_taken,
    ADD COLUMN IF NOT EXISTS task_status_imported Tuple(
        task_id String,
        agent_id String,
        status String,
        notes String,
        reported_at String,
        row_json String
    ) COMMENT 'see swarm.events' AFTER task_imported;

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
            transform(task_submitted.manifest.risk_tier, [0, 1, 2, 3], ['unspecified', 'safe', 'experimental', 'high'], toString(task_submitted.manifest.risk_tier))
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
            transform(each.risk_tier, [0, 1, 2, 3], ['unspecified', 'safe', 'experimental', 'high'], toString(each.risk_tier))
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
        result_reported.notes
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
        task_ordered.reason
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
        policy_adopted.max_claims_per_minute
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
        transform(command_issued.kind, [0, 1, 2, 3, 4, 5, 6], ['unspecified', 'throttle', 'sleep', 'release', 'clean_up', 'drain', 'stop'], toString(command_issued.kind)),
        command_issued.target,
        command_issued.reason,
        command_issued.expires_in_seconds,
        command_issued.limit,
        command_issued.releases_command_id,
        command_issued.emergency
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
            transform(task_imported.manifest.risk_tier, [0, 1, 2, 3], ['unspecified', 'safe', 'experimental', 'high'], toString(task_imported.manifest.risk_tier))
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
