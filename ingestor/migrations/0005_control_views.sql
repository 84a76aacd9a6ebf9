-- What people query of the control loop: tasks, objectives, workers, pulses, rules, incidents, commands, and the numbers by which
-- the swarm is judged. As in 0003, a view is every stored row of its kinds and needs no FINAL.

CREATE OR REPLACE VIEW swarm.task_steps
(
    epoch UInt64 COMMENT 'life of the stream, see swarm.epochs',
    seq UInt64 COMMENT 'sequence of the stream; (epoch, seq) is the position',
    recorded_at DateTime64(9, 'UTC') COMMENT 'the stream''s time, UTC',
    task_id String COMMENT 'which task',
    step LowCardinality(String) COMMENT 'submitted, rejected, claimed, progressed, released, completed, failed, cancelled, expired, quarantined or acknowledged',
    worker_id String COMMENT 'who had it; empty where nobody did',
    attempt UInt32 COMMENT '1, 2, 3 …; of an acknowledgement: how many there were',
    result LowCardinality(String) COMMENT 'of a failed attempt or an acknowledgement; empty otherwise',
    reason String COMMENT 'why; of progress and acknowledgements: the worker''s note',
    fraction Nullable(Float64) COMMENT 'how much is done, 0 to 1; NULL when not said',
    lease_seconds Nullable(Float64) COMMENT 'for how long the claim holds from here on; NULL where the step gives no lease',
    retry_in_seconds Nullable(Float64) COMMENT 'when it may be claimed again; NULL where it may not be, or already is',
    duration_seconds Nullable(Float64) COMMENT 'of the last attempt; NULL but for acknowledgements',
    changed_files Array(String) COMMENT 'of an acknowledgement',
    tool_efficacy_score Nullable(Float64) COMMENT 'TES as the overseer wrote it down; NULL but for acknowledgements',
    output String COMMENT 'what it printed, bounded; of an acknowledgement',
    event_id String COMMENT 'id of the event',
    trace_id String COMMENT 'W3C trace id',
    span_id String COMMENT 'W3C span id',
    causation_id String COMMENT 'id of the event that made this one happen',
    correlation_id String COMMENT 'id of the piece of work it belongs to'
)
AS SELECT
    epoch,
    seq,
    recorded_at,
    multiIf(
        payload_kind = 'task_submitted', task_submitted.manifest.task_id,
        payload_kind = 'task_rejected', task_rejected.task_id,
        payload_kind = 'task_claimed', task_claimed.task_id,
        payload_kind = 'task_progressed', task_progressed.task_id,
        payload_kind = 'task_released', task_released.task_id,
        payload_kind = 'task_completed', task_completed.task_id,
        payload_kind = 'task_failed', task_failed.task_id,
        payload_kind = 'task_cancelled', task_cancelled.task_id,
        payload_kind = 'task_expired', task_expired.task_id,
        payload_kind = 'task_quarantined', task_quarantined.task_id,
        payload_kind = 'task_acknowledged', task_acknowledged.task_id,
        ''
    ) AS task_id,
    substring(payload_kind, 6) AS step,
    multiIf(
        payload_kind = 'task_claimed', task_claimed.worker_id,
        payload_kind = 'task_progressed', task_progressed.worker_id,
        payload_kind = 'task_released', task_released.worker_id,
        payload_kind = 'task_completed', task_completed.worker_id,
        payload_kind = 'task_failed', task_failed.worker_id,
        payload_kind = 'task_acknowledged', task_acknowledged.worker_id,
        ''
    ) AS worker_id,
    multiIf(
        payload_kind = 'task_claimed', task_claimed.attempt,
        payload_kind = 'task_progressed', task_progressed.attempt,
        payload_kind = 'task_released', task_released.attempt,
        payload_kind = 'task_completed', task_completed.attempt,
        payload_kind = 'task_failed', task_failed.attempt,
        payload_kind = 'task_acknowledged', task_acknowledged.attempts,
        0
    ) AS attempt,
    multiIf(payload_kind = 'task_failed', task_failed.result, payload_kind = 'task_acknowledged', task_acknowledged.result, '') AS result,
    multiIf(
        payload_kind = 'task_rejected', arrayStringConcat(task_rejected.reasons, '; '),
        payload_kind = 'task_progressed', task_progressed.note,
        payload_kind = 'task_acknowledged', task_acknowledged.notes,
        payload_kind = 'task_released', task_released.reason,
        payload_kind = 'task_failed', task_failed.reason,
        payload_kind = 'task_cancelled', task_cancelled.reason,
        payload_kind = 'task_expired', task_expired.reason,
        payload_kind = 'task_quarantined', task_quarantined.reason,
        ''
    ) AS reason,
    if(payload_kind = 'task_progressed', task_progressed.fraction, NULL) AS fraction,
    multiIf(payload_kind = 'task_claimed', task_claimed.lease_seconds, payload_kind = 'task_progressed', task_progressed.lease_seconds, NULL) AS lease_seconds,
    multiIf(payload_kind = 'task_released', task_released.retry_in_seconds, payload_kind = 'task_failed', task_failed.retry_in_seconds, NULL) AS retry_in_seconds,
    if(payload_kind = 'task_acknowledged', task_acknowledged.duration_seconds, NULL) AS duration_seconds,
    if(payload_kind = 'task_acknowledged', task_acknowledged.changed_files, []) AS changed_files,
    if(payload_kind = 'task_acknowledged', task_acknowledged.tool_efficacy_score, NULL) AS tool_efficacy_score,
    if(payload_kind = 'task_acknowledged', task_acknowledged.output, '') AS output,
    event_id,
    trace_id,
    span_id,
    causation_id,
    correlation_id
FROM swarm.events
WHERE disposition = 'stored' AND agent_role = 'overseer' AND payload_kind IN (
    'task_submitted', 'task_rejected', 'task_claimed', 'task_progressed', 'task_released',
    'task_completed', 'task_failed', 'task_cancelled', 'task_expired', 'task_quarantined', 'task_acknowledged'
)
COMMENT 'The life of tasks: one row per step. What others than the overseer say of a task does not count.';

CREATE OR REPLACE VIEW swarm.tasks
(
    task_id String COMMENT 'which task',
    objective_id String COMMENT 'the objective it serves',
    action String COMMENT 'what a worker knows to do',
    description String COMMENT 'for people',
    payload_json String COMMENT 'arguments of the action',
    priority UInt32 COMMENT '0 to 10, higher first',
    owner String COMMENT 'who wants it',
    depends_on Array(String) COMMENT 'tasks that must be completed before',
    ttl_seconds Float64 COMMENT 'from submission; 0: no limit',
    required_skills Array(String) COMMENT 'what a worker must know',
    required_cpu_count Float64 COMMENT 'processors; 0: any',
    required_memory_bytes UInt64 COMMENT '0: any',
    max_attempts UInt32 COMMENT '0 counts as 1',
    idempotency_key String COMMENT 'the same for every attempt; empty: the task''s id',
    risk_tier LowCardinality(String) COMMENT 'safe, experimental, high or unspecified',
    status LowCardinality(String) COMMENT 'submitted, claimed, waiting (again, after a release or a failure), completed, failed, cancelled, expired or quarantined',
    attempts UInt32 COMMENT 'how often it was claimed',
    worker_id String COMMENT 'who has it, or had it last; empty: nobody yet',
    submitted_at DateTime64(9, 'UTC') COMMENT 'when it was accepted',
    claimed_at Nullable(DateTime64(9, 'UTC')) COMMENT 'of the last attempt; NULL: never',
    ended_at Nullable(DateTime64(9, 'UTC')) COMMENT 'NULL while it is open',
    duration_seconds Nullable(Float64) COMMENT 'of the last attempt; NULL while it is open',
    result LowCardinality(String) COMMENT 'of the acknowledgement: completed, checks_failed, applied_checks_failed, failed, cancelled, expired, quarantined; empty while it is open',
    notes String COMMENT 'of the acknowledgement',
    changed_files Array(String) COMMENT 'of the acknowledgement',
    tool_efficacy_score Nullable(Float64) COMMENT 'TES, 0 to 100; NULL while it is open',
    event_id String COMMENT 'id of its submission',
    trace_id String COMMENT 'W3C trace id of its submission',
    causation_id String COMMENT 'id of the event that made it be submitted',
    epoch UInt64 COMMENT 'epoch of its last step',
    last_seq UInt64 COMMENT 'sequence of its last step'
)
AS SELECT
    submitted.task_id AS task_id,
    submitted.objective_id AS objective_id,
    submitted.action AS action,
    submitted.description AS description,
    submitted.payload_json AS payload_json,
    submitted.priority AS priority,
    submitted.owner AS owner,
    submitted.depends_on AS depends_on,
    submitted.ttl_seconds AS ttl_seconds,
    submitted.required_skills AS required_skills,
    submitted.required_cpu_count AS required_cpu_count,
    submitted.required_memory_bytes AS required_memory_bytes,
    submitted.max_attempts AS max_attempts,
    submitted.idempotency_key AS idempotency_key,
    submitted.risk_tier AS risk_tier,
    life.status AS status,
    life.attempts AS attempts,
    life.worker_id AS worker_id,
    submitted.recorded_at AS submitted_at,
    life.claimed_at AS claimed_at,
    if(life.open, NULL, life.last_at) AS ended_at,
    if(life.open, NULL, life.duration_seconds) AS duration_seconds,
    if(life.open, '', life.result) AS result,
    if(life.open, '', life.notes) AS notes,
    if(life.open, [], life.changed_files) AS changed_files,
    if(life.open, NULL, life.tool_efficacy_score) AS tool_efficacy_score,
    submitted.event_id AS event_id,
    submitted.trace_id AS trace_id,
    submitted.causation_id AS causation_id,
    life.last_position.1 AS epoch,
    life.last_position.2 AS last_seq
FROM
(
    SELECT
        recorded_at,
        event_id,
        trace_id,
        causation_id,
        task_submitted.manifest.task_id AS task_id,
        task_submitted.manifest.objective_id AS objective_id,
        task_submitted.manifest.action AS action,
        task_submitted.manifest.description AS description,
        task_submitted.manifest.payload_json AS payload_json,
        task_submitted.manifest.priority AS priority,
        task_submitted.manifest.owner AS owner,
        task_submitted.manifest.depends_on AS depends_on,
        task_submitted.manifest.ttl_seconds AS ttl_seconds,
        task_submitted.manifest.required_skills AS required_skills,
        task_submitted.manifest.required_cpu_count AS required_cpu_count,
        task_submitted.manifest.required_memory_bytes AS required_memory_bytes,
        task_submitted.manifest.max_attempts AS max_attempts,
        task_submitted.manifest.idempotency_key AS idempotency_key,
        task_submitted.manifest.risk_tier AS risk_tier
    FROM swarm.events
    WHERE disposition = 'stored' AND payload_kind = 'task_submitted' AND agent_role = 'overseer'
) AS submitted
INNER JOIN
(
    SELECT
        task_id,
        argMaxIf(
            multiIf(step = 'released' OR (step = 'failed' AND isNotNull(retry_in_seconds)), 'waiting', step),
            (epoch, seq),
            step NOT IN ('progressed', 'acknowledged')
        ) AS status,
        status IN ('submitted', 'claimed', 'waiting') AS open,
        maxIf(attempt, step = 'claimed') AS attempts,
        argMaxIf(worker_id, (epoch, seq), step = 'claimed') AS worker_id,
        argMaxIf(toNullable(recorded_at), (epoch, seq), step = 'claimed') AS claimed_at,
        argMaxIf(duration_seconds, (epoch, seq), step = 'acknowledged') AS duration_seconds,
        argMaxIf(result, (epoch, seq), step = 'acknowledged') AS result,
        argMaxIf(reason, (epoch, seq), step = 'acknowledged') AS notes,
        argMaxIf(changed_files, (epoch, seq), step = 'acknowledged') AS changed_files,
        argMaxIf(tool_efficacy_score, (epoch, seq), step = 'acknowledged') AS tool_efficacy_score,
        max((epoch, seq)) AS last_position,
        argMax(recorded_at, (epoch, seq)) AS last_at
    FROM swarm.task_steps
    WHERE step != 'rejected'
    GROUP BY task_id
) AS life ON life.task_id = submitted.task_id
COMMENT 'Tasks: what was asked for, and where each one stands.';

CREATE OR REPLACE VIEW swarm.task_efficacy
(
    epoch UInt64 COMMENT 'life of the stream, see swarm.epochs',
    seq UInt64 COMMENT 'sequence of the stream; (epoch, seq) is the position',
    recorded_at DateTime64(9, 'UTC') COMMENT 'the stream''s time, UTC',
    task_id String COMMENT 'which task',
    objective_id String COMMENT 'the objective it served',
    action String COMMENT 'what was done',
    worker_id String COMMENT 'of the last attempt; empty: nobody ever had it',
    attempts UInt32 COMMENT 'how often it was claimed',
    result LowCardinality(String) COMMENT 'how it ended',
    duration_seconds Float64 COMMENT 'of the last attempt',
    changed_files UInt64 COMMENT 'how many',
    stability Float64 COMMENT '1 done without failure, 0.6 checks failed and nothing applied, 0.2 applied and checks failed, otherwise 0',
    velocity Float64 COMMENT '1 up to 90 s, 0 from 900 s, linear between',
    footprint Float64 COMMENT '1 up to one changed file, 0 from ten, linear between',
    tool_efficacy_score Float64 COMMENT 'TES: 100 × (0.5 stability + 0.3 velocity + 0.2 footprint)',
    recorded_tool_efficacy_score Float64 COMMENT 'TES as the overseer wrote it down',
    event_id String COMMENT 'id of the event',
    trace_id String COMMENT 'W3C trace id'
)
AS SELECT
    epoch,
    seq,
    recorded_at,
    task_acknowledged.task_id AS task_id,
    task_acknowledged.objective_id AS objective_id,
    task_acknowledged.action AS action,
    task_acknowledged.worker_id AS worker_id,
    task_acknowledged.attempts AS attempts,
    task_acknowledged.result AS result,
    task_acknowledged.duration_seconds AS duration_seconds,
    length(task_acknowledged.changed_files) AS changed_files,
    transform(result, ['completed', 'checks_failed', 'applied_checks_failed'], [1., 0.6, 0.2], 0.) AS stability,
    if(duration_seconds < 900, least(1., (900 - duration_seconds) / 810), 0.) AS velocity,
    if(changed_files < 10, least(1., (10 - toFloat64(changed_files)) / 9), 0.) AS footprint,
    100 * (0.5 * stability + 0.3 * velocity + 0.2 * footprint) AS tool_efficacy_score,
    task_acknowledged.tool_efficacy_score AS recorded_tool_efficacy_score,
    event_id,
    trace_id
FROM swarm.events
WHERE disposition = 'stored' AND payload_kind = 'task_acknowledged' AND agent_role = 'overseer'
COMMENT 'How well finished tasks were done, computed anew from result, duration and changed files; overseer/kernel/efficacy.py gives the same numbers.';

CREATE OR REPLACE VIEW swarm.objectives
(
    objective_id String COMMENT 'which objective',
    description String COMMENT 'what is to be achieved',
    priority UInt32 COMMENT '0 to 10, higher first',
    source LowCardinality(String) COMMENT 'who or what brought it: cli, inbox, import …',
    history Bool COMMENT 'imported as a record: nothing is planned for it',
    metadata_json String COMMENT 'a JSON object, or empty',
    status LowCardinality(String) COMMENT 'added, waiting_for_approval, planned, achieved, failed or cancelled',
    plan String COMMENT 'explicit, or its name in the catalogue; empty: not planned yet',
    plan_version String COMMENT 'version of the catalogue',
    rationale String COMMENT 'why this plan',
    risk_tier LowCardinality(String) COMMENT 'the highest of its tasks; empty: not planned yet',
    task_ids Array(String) COMMENT 'what it became',
    added_at DateTime64(9, 'UTC') COMMENT 'when it was accepted',
    planned_at Nullable(DateTime64(9, 'UTC')) COMMENT 'the first plan; NULL: none yet',
    approved_at Nullable(DateTime64(9, 'UTC')) COMMENT 'when a person said yes; NULL: nobody did',
    finished_at Nullable(DateTime64(9, 'UTC')) COMMENT 'NULL while it is open',
    summary String COMMENT 'how it ended',
    event_id String COMMENT 'id of the event that added it',
    trace_id String COMMENT 'W3C trace id of that event'
)
AS SELECT
    added.objective_id AS objective_id,
    added.description AS description,
    added.priority AS priority,
    added.source AS source,
    added.history AS history,
    added.metadata_json AS metadata_json,
    multiIf(
        life.finishes > 0, life.result,
        life.plans > 0, if(life.waits, 'waiting_for_approval', 'planned'),
        'added'
    ) AS status,
    life.plan AS plan,
    life.plan_version AS plan_version,
    life.rationale AS rationale,
    life.risk_tier AS risk_tier,
    life.task_ids AS task_ids,
    added.recorded_at AS added_at,
    life.planned_at AS planned_at,
    life.approved_at AS approved_at,
    life.finished_at AS finished_at,
    life.summary AS summary,
    added.event_id AS event_id,
    added.trace_id AS trace_id
FROM
(
    SELECT
        recorded_at,
        event_id,
        trace_id,
        objective_added.objective_id AS objective_id,
        objective_added.description AS description,
        objective_added.priority AS priority,
        objective_added.source AS source,
        objective_added.history AS history,
        objective_added.metadata_json AS metadata_json
    FROM swarm.events
    WHERE disposition = 'stored' AND payload_kind = 'objective_added' AND agent_role = 'overseer'
) AS added
LEFT JOIN
(
    SELECT
        multiIf(
            payload_kind = 'objective_planned', objective_planned.objective_id,
            payload_kind = 'objective_finished', objective_finished.objective_id,
            objective_approved.objective_id
        ) AS objective_id,
        countIf(payload_kind = 'objective_planned') AS plans,
        countIf(payload_kind = 'objective_finished') AS finishes,
        argMaxIf(objective_planned.waits_for_approval, (epoch, seq), payload_kind = 'objective_planned') AS waits,
        argMaxIf(objective_planned.plan, (epoch, seq), payload_kind = 'objective_planned') AS plan,
        argMaxIf(objective_planned.plan_version, (epoch, seq), payload_kind = 'objective_planned') AS plan_version,
        argMaxIf(objective_planned.rationale, (epoch, seq), payload_kind = 'objective_planned') AS rationale,
        argMaxIf(objective_planned.risk_tier, (epoch, seq), payload_kind = 'objective_planned') AS risk_tier,
        argMaxIf(objective_planned.task_ids, (epoch, seq), payload_kind = 'objective_planned') AS task_ids,
        argMinIf(toNullable(recorded_at), (epoch, seq), payload_kind = 'objective_planned') AS planned_at,
        argMinIf(toNullable(recorded_at), (epoch, seq), payload_kind = 'objective_approved') AS approved_at,
        argMaxIf(toNullable(recorded_at), (epoch, seq), payload_kind = 'objective_finished') AS finished_at,
        argMaxIf(objective_finished.result, (epoch, seq), payload_kind = 'objective_finished') AS result,
        argMaxIf(objective_finished.summary, (epoch, seq), payload_kind = 'objective_finished') AS summary
    FROM swarm.events
    WHERE disposition = 'stored'
        AND (
            payload_kind IN ('objective_planned', 'objective_finished') AND agent_role = 'overseer'
            OR payload_kind = 'objective_approved'
        )
    GROUP BY objective_id
) AS life ON life.objective_id = added.objective_id
COMMENT 'Objectives that were accepted, their plans, and how they ended.';

CREATE OR REPLACE VIEW swarm.workers
(
    worker_id String COMMENT 'which worker',
    status LowCardinality(String) COMMENT 'registered, draining, departed or lost, as the log last said',
    skills Array(String) COMMENT 'what it knows',
    max_concurrent_tasks UInt32 COMMENT 'how many tasks it may have at once',
    host String COMMENT 'on which machine',
    pid UInt32 COMMENT 'process id',
    heartbeat_seconds Float64 COMMENT 'how often it means to be heard of',
    task_ids Array(String) COMMENT 'what it held at its last heartbeat',
    registered_at DateTime64(9, 'UTC') COMMENT 'its last registration',
    heard_at DateTime64(9, 'UTC') COMMENT 'its last registration or heartbeat',
    gone_at Nullable(DateTime64(9, 'UTC')) COMMENT 'when it departed or was found lost; NULL while it is there',
    reason String COMMENT 'why it departed, or for how long it was silent'
)
AS SELECT
    worker_id,
    multiIf(last_change.2 = 'worker_departed', 'departed', last_change.2 = 'worker_lost', 'lost', heartbeat.1 > last_change.1 AND heartbeat.3, 'draining', 'registered') AS status,
    registration.skills AS skills,
    greatest(registration.max_concurrent_tasks, 1) AS max_concurrent_tasks,
    registration.host AS host,
    registration.pid AS pid,
    registration.heartbeat_seconds AS heartbeat_seconds,
    if(heartbeat.1 > last_change.1 AND last_change.2 = 'worker_registered', heartbeat.2, []) AS task_ids,
    registered_at,
    heard_at,
    if(last_change.2 = 'worker_registered', NULL, last_change_at) AS gone_at,
    multiIf(last_change.2 = 'worker_departed', departure, last_change.2 = 'worker_lost', concat('silent for ', toString(silent_seconds), ' s'), '') AS reason
FROM
(
    SELECT
        multiIf(
            payload_kind = 'worker_registered', worker_registered.worker_id,
            payload_kind = 'worker_heartbeat', worker_heartbeat.worker_id,
            payload_kind = 'worker_departed', worker_departed.worker_id,
            worker_lost.worker_id
        ) AS worker_id,
        maxIf(((epoch, seq), payload_kind), payload_kind != 'worker_heartbeat') AS last_change,
        argMaxIf(recorded_at, (epoch, seq), payload_kind != 'worker_heartbeat') AS last_change_at,
        argMaxIf(worker_registered, (epoch, seq), payload_kind = 'worker_registered') AS registration,
        argMaxIf(recorded_at, (epoch, seq), payload_kind = 'worker_registered') AS registered_at,
        argMaxIf(
            ((epoch, seq), worker_heartbeat.task_ids, worker_heartbeat.draining),
            (epoch, seq),
            payload_kind = 'worker_heartbeat'
        ) AS heartbeat,
        argMaxIf(recorded_at, (epoch, seq), payload_kind IN ('worker_registered', 'worker_heartbeat')) AS heard_at,
        argMaxIf(worker_departed.reason, (epoch, seq), payload_kind = 'worker_departed') AS departure,
        argMaxIf(worker_lost.silent_seconds, (epoch, seq), payload_kind = 'worker_lost') AS silent_seconds,
        countIf(payload_kind = 'worker_registered') AS registrations
    FROM swarm.events
    WHERE disposition = 'stored'
        AND payload_kind IN ('worker_registered', 'worker_heartbeat', 'worker_departed', 'worker_lost')
    GROUP BY worker_id
)
WHERE registrations > 0
COMMENT 'Those who do tasks, as they last said and as the overseer last found.';

CREATE OR REPLACE VIEW swarm.pulses
(
    epoch UInt64 COMMENT 'life of the stream, see swarm.epochs',
    seq UInt64 COMMENT 'sequence of the stream; (epoch, seq) is the position',
    recorded_at DateTime64(9, 'UTC') COMMENT 'the stream''s time, UTC',
    number UInt64 COMMENT '1, 2, 3 …',
    system_mode LowCardinality(String) COMMENT 'operational, degraded or halted',
    interval_seconds Float64 COMMENT 'until the next',
    recommendation LowCardinality(String) COMMENT 'steady, watch, hold or recover',
    workers_alive UInt32 COMMENT 'Reflect: workers',
    tasks_waiting UInt32 COMMENT 'Reflect: tasks that nobody has',
    tasks_claimed UInt32 COMMENT 'Reflect: tasks that somebody has',
    cpu_percent Float64 COMMENT 'Reflect: of the busiest machine',
    memory_percent Float64 COMMENT 'Reflect: of the fullest machine',
    ingest_lag UInt64 COMMENT 'Reflect: positions that are not in ClickHouse yet',
    planned_objectives Array(String) COMMENT 'Plan: objectives that became tasks',
    dispatch_held Bool COMMENT 'Act: no task is handed out',
    hold_reason String COMMENT 'Act: why not',
    tasks_completed UInt32 COMMENT 'Critique: since the pulse before',
    tasks_failed UInt32 COMMENT 'Critique: since the pulse before',
    tasks_requeued UInt32 COMMENT 'Critique: since the pulse before',
    mean_tool_efficacy_score Nullable(Float64) COMMENT 'Critique: of the last 20 finished tasks; NULL: none yet',
    trend_tool_efficacy_score Float64 COMMENT 'Critique: the newer half of them against the older',
    weights Array(Tuple(agent_id String, action String, weight Float64)) COMMENT 'Critique: how well each agent does each action, 0 to 1',
    indicators Array(Tuple(name String, value Nullable(Float64), target Float64, met Bool)) COMMENT 'the key indicators at the time',
    alarms Array(String) COMMENT 'names of those raised since the pulse before',
    incidents Array(String) COMMENT 'opened or closed since the pulse before, a sentence each',
    charter_hash String COMMENT 'the charter it ran under',
    policy_hash String COMMENT 'the policy it ran under',
    event_id String COMMENT 'id of the event',
    trace_id String COMMENT 'W3C trace id: a span per phase',
    agent_id LowCardinality(String) COMMENT 'which overseer'
)
AS SELECT
    epoch,
    seq,
    recorded_at,
    pulse_completed.number AS number,
    pulse_completed.system_mode AS system_mode,
    pulse_completed.interval_seconds AS interval_seconds,
    pulse_completed.recommendation AS recommendation,
    pulse_completed.workers_alive AS workers_alive,
    pulse_completed.tasks_waiting AS tasks_waiting,
    pulse_completed.tasks_claimed AS tasks_claimed,
    pulse_completed.cpu_percent AS cpu_percent,
    pulse_completed.memory_percent AS memory_percent,
    pulse_completed.ingest_lag AS ingest_lag,
    pulse_completed.planned_objectives AS planned_objectives,
    pulse_completed.dispatch_held AS dispatch_held,
    pulse_completed.hold_reason AS hold_reason,
    pulse_completed.tasks_completed AS tasks_completed,
    pulse_completed.tasks_failed AS tasks_failed,
    pulse_completed.tasks_requeued AS tasks_requeued,
    pulse_completed.mean_tool_efficacy_score AS mean_tool_efficacy_score,
    pulse_completed.trend_tool_efficacy_score AS trend_tool_efficacy_score,
    pulse_completed.weights AS weights,
    pulse_completed.indicators AS indicators,
    pulse_completed.alarms AS alarms,
    pulse_completed.incidents AS incidents,
    pulse_completed.charter_hash AS charter_hash,
    pulse_completed.policy_hash AS policy_hash,
    event_id,
    trace_id,
    agent_id
FROM swarm.events
WHERE disposition = 'stored' AND payload_kind = 'pulse_completed'
COMMENT 'One row per round of reflect, plan, act and critique, with all it saw and did.';

CREATE OR REPLACE VIEW swarm.incidents
(
    incident_id String COMMENT 'which incident',
    rule LowCardinality(String) COMMENT 'the rule of the guardian that saw it',
    subject_of_concern String COMMENT 'a process, a worker, a task, the stream …',
    incident_class LowCardinality(String) COMMENT 'minor, major, critical or unspecified; the last it was given',
    status LowCardinality(String) COMMENT 'open, recovered or given_up',
    summary String COMMENT 'what was seen',
    root_cause String COMMENT 'what it came from; empty while it is open',
    cause_event_id String COMMENT 'id of the event that showed it',
    opened_at DateTime64(9, 'UTC') COMMENT 'when it was seen',
    closed_at Nullable(DateTime64(9, 'UTC')) COMMENT 'NULL while it is open',
    duration_seconds Nullable(Float64) COMMENT 'from opening to closing; NULL while it is open',
    attempts UInt64 COMMENT 'steps of playbooks that were taken',
    escalations UInt64 COMMENT 'how often its class was raised',
    timeline Array(Tuple(after_seconds Float64, text String)) COMMENT 'what happened when: as the guardian wrote it down at the end, from the events so far while it is open',
    event_id String COMMENT 'id of the event that opened it',
    trace_id String COMMENT 'W3C trace id of that event'
)
AS SELECT
    incident_id,
    opening.rule AS rule,
    opening.subject_of_concern AS subject_of_concern,
    if(escalations > 0, escalated_to, opening.incident_class) AS incident_class,
    multiIf(closings = 0, 'open', closing.recovered, 'recovered', 'given_up') AS status,
    opening.summary AS summary,
    closing.root_cause AS root_cause,
    opening.cause_event_id AS cause_event_id,
    opened_at,
    if(closings = 0, NULL, closed_at) AS closed_at,
    if(closings = 0, NULL, closing.duration_seconds) AS duration_seconds,
    attempts,
    escalations,
    if(
        empty(closing.timeline),
        arrayMap(each -> ((toUnixTimestamp64Nano(each.2) - toUnixTimestamp64Nano(opened_at)) / 1e9, each.3), arraySort(steps)),
        closing.timeline
    ) AS timeline,
    opening_id AS event_id,
    opening_trace_id AS trace_id
FROM
(
    SELECT
        multiIf(
            payload_kind = 'incident_opened', incident_opened.incident_id,
            payload_kind = 'recovery_attempted', recovery_attempted.incident_id,
            payload_kind = 'incident_escalated', incident_escalated.incident_id,
            incident_closed.incident_id
        ) AS incident_id,
        argMinIf(incident_opened, (epoch, seq), payload_kind = 'incident_opened') AS opening,
        argMinIf(recorded_at, (epoch, seq), payload_kind = 'incident_opened') AS opened_at,
        argMinIf(events.event_id, (epoch, seq), payload_kind = 'incident_opened') AS opening_id,
        argMinIf(events.trace_id, (epoch, seq), payload_kind = 'incident_opened') AS opening_trace_id,
        argMaxIf(incident_escalated.incident_class, (epoch, seq), payload_kind = 'incident_escalated') AS escalated_to,
        argMaxIf(incident_closed, (epoch, seq), payload_kind = 'incident_closed') AS closing,
        argMaxIf(recorded_at, (epoch, seq), payload_kind = 'incident_closed') AS closed_at,
        countIf(payload_kind = 'incident_opened') AS openings,
        countIf(payload_kind = 'recovery_attempted') AS attempts,
        countIf(payload_kind = 'incident_escalated') AS escalations,
        countIf(payload_kind = 'incident_closed') AS closings,
        groupArray((
            (epoch, seq),
            recorded_at,
            multiIf(
                payload_kind = 'incident_opened', concat('opened: ', incident_opened.summary),
                payload_kind = 'recovery_attempted', concat(
                    recovery_attempted.step, ', attempt ', toString(recovery_attempted.attempt), ': ', recovery_attempted.detail
                ),
                payload_kind = 'incident_escalated', concat(
                    'escalated to ', incident_escalated.incident_class, ': ', incident_escalated.reason
                ),
                concat('closed: ', incident_closed.root_cause)
            )
        )) AS steps
    FROM swarm.events AS events
    WHERE disposition = 'stored'
        AND payload_kind IN ('incident_opened', 'recovery_attempted', 'incident_escalated', 'incident_closed')
    GROUP BY incident_id
)
WHERE openings > 0
COMMENT 'What went wrong, what was done about it, and what came of that.';

CREATE OR REPLACE VIEW swarm.commands
(
    epoch UInt64 COMMENT 'life of the stream, see swarm.epochs',
    seq UInt64 COMMENT 'sequence of the stream; (epoch, seq) is the position',
    recorded_at DateTime64(9, 'UTC') COMMENT 'the stream''s time, UTC',
    command_id String COMMENT 'id of the event that is the command',
    kind LowCardinality(String) COMMENT 'throttle, sleep, release, clean_up, drain, stop or unspecified',
    target String COMMENT 'a worker, a service, or all',
    reason String COMMENT 'why',
    agent_role LowCardinality(String) COMMENT 'who ordered it',
    agent_id LowCardinality(String) COMMENT 'which one of that role',
    limit UInt32 COMMENT 'of a throttle: tasks at once',
    emergency Bool COMMENT 'on the lane of its own',
    expires_at Nullable(DateTime64(9, 'UTC')) COMMENT 'when it ends by itself; NULL: not within thirty years',
    released_at Nullable(DateTime64(9, 'UTC')) COMMENT 'when another command ended it; NULL: none did',
    releases_command_id String COMMENT 'the command that this one ends',
    acknowledged_at Nullable(DateTime64(9, 'UTC')) COMMENT 'the first acknowledgement; NULL: none yet',
    obeyed UInt64 COMMENT 'how many said that they obey',
    refused UInt64 COMMENT 'how many said that they do not',
    acknowledgements Array(Tuple(acknowledged_at DateTime64(9, 'UTC'), target String, obeyed Bool, note String)) COMMENT 'all of them, in the order of the log',
    trace_id String COMMENT 'W3C trace id'
)
AS SELECT
    issued.epoch AS epoch,
    issued.seq AS seq,
    issued.recorded_at AS recorded_at,
    issued.event_id AS command_id,
    issued.command_issued.kind AS kind,
    issued.command_issued.target AS target,
    issued.command_issued.reason AS reason,
    issued.agent_role AS agent_role,
    issued.agent_id AS agent_id,
    issued.command_issued.limit AS limit,
    issued.command_issued.emergency AS emergency,
    if(issued.expires, issued.recorded_at + toIntervalNanosecond(toInt64(if(issued.expires, issued.command_issued.expires_in_seconds, 0) * 1e9)), NULL) AS expires_at,
    release.released_at AS released_at,
    issued.command_issued.releases_command_id AS releases_command_id,
    answers.first_at AS acknowledged_at,
    answers.obeyed AS obeyed,
    answers.refused AS refused,
    arrayMap(each -> (each.2, each.3, each.4, each.5), arraySort(answers.everybody)) AS acknowledgements,
    issued.trace_id AS trace_id
FROM
(
    SELECT
        epoch,
        seq,
        recorded_at,
        event_id,
        trace_id,
        agent_role,
        agent_id,
        command_issued,
        command_issued.expires_in_seconds > 0 AND command_issued.expires_in_seconds < 1e9 AS expires
    FROM swarm.events
    WHERE disposition = 'stored' AND payload_kind = 'command_issued'
) AS issued
LEFT JOIN
(
    SELECT
        command_acknowledged.command_id AS command_id,
        min(toNullable(recorded_at)) AS first_at,
        countIf(command_acknowledged.obeyed) AS obeyed,
        countIf(NOT command_acknowledged.obeyed) AS refused,
        groupArray((
            (epoch, seq),
            recorded_at,
            command_acknowledged.target,
            command_acknowledged.obeyed,
            command_acknowledged.note
        )) AS everybody
    FROM swarm.events
    WHERE disposition = 'stored' AND payload_kind = 'command_acknowledged'
    GROUP BY command_id
) AS answers ON answers.command_id = issued.event_id
LEFT JOIN
(
    SELECT command_issued.releases_command_id AS command_id, min(toNullable(recorded_at)) AS released_at
    FROM swarm.events
    WHERE disposition = 'stored' AND payload_kind = 'command_issued' AND command_issued.releases_command_id != ''
    GROUP BY command_id
) AS release ON release.command_id = issued.event_id
COMMENT 'Orders to those who work, with what became of each.';

CREATE OR REPLACE VIEW swarm.system_modes
(
    epoch UInt64 COMMENT 'life of the stream, see swarm.epochs',
    seq UInt64 COMMENT 'sequence of the stream; (epoch, seq) is the position',
    recorded_at DateTime64(9, 'UTC') COMMENT 'the stream''s time, UTC',
    mode LowCardinality(String) COMMENT 'operational, degraded or halted',
    reason String COMMENT 'why',
    until Nullable(DateTime64(9, 'UTC')) COMMENT 'when the next began; NULL: it holds',
    agent_role LowCardinality(String) COMMENT 'who said so',
    agent_id LowCardinality(String) COMMENT 'which one of that role',
    event_id String COMMENT 'id of the event',
    trace_id String COMMENT 'W3C trace id'
)
AS SELECT
    epoch,
    seq,
    recorded_at,
    system_mode_changed.mode AS mode,
    system_mode_changed.reason AS reason,
    until,
    agent_role,
    agent_id,
    event_id,
    trace_id
FROM
(
    SELECT
        *,
        leadInFrame(toNullable(recorded_at)) OVER (
            ORDER BY epoch, seq ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS until
    FROM
    (
        SELECT epoch, seq, recorded_at, agent_role, agent_id, event_id, trace_id, system_mode_changed
        FROM swarm.events
        WHERE disposition = 'stored' AND payload_kind = 'system_mode_changed'
    )
)
COMMENT 'In which mode the system was, from recorded_at until the next. Before the first it counts as operational.';

CREATE OR REPLACE VIEW swarm.policies
(
    epoch UInt64 COMMENT 'life of the stream, see swarm.epochs',
    seq UInt64 COMMENT 'sequence of the stream; (epoch, seq) is the position',
    in_force_from DateTime64(9, 'UTC') COMMENT 'when it was adopted',
    in_force_until Nullable(DateTime64(9, 'UTC')) COMMENT 'when the next was; NULL: it is in force',
    hash String COMMENT 'SHA-256 of the file',
    text String COMMENT 'the file',
    warnings Array(String) COMMENT 'keys that were not known',
    max_cpu_pct Float64 COMMENT 'above it dispatch is held; 0: the rules were not written out and forbid nothing',
    max_ram_pct Float64 COMMENT 'above it dispatch is held',
    allow_unregistered_agents Bool COMMENT 'whether those outside the registry get tasks',
    allowed_actions Array(String) COMMENT 'patterns: * is any characters, ? is one',
    allowed_tiers Array(LowCardinality(String)) COMMENT 'safe, experimental, high; an unspecified tier is always allowed',
    max_open_tasks UInt32 COMMENT 'quota',
    max_claims_per_minute UInt32 COMMENT 'quota',
    agent_role LowCardinality(String) COMMENT 'who brought it',
    agent_id LowCardinality(String) COMMENT 'which one of that role',
    event_id String COMMENT 'id of the event'
)
AS SELECT
    epoch,
    seq,
    recorded_at AS in_force_from,
    until AS in_force_until,
    policy_adopted.hash AS hash,
    policy_adopted.text AS text,
    policy_adopted.warnings AS warnings,
    policy_adopted.max_cpu_pct AS max_cpu_pct,
    policy_adopted.max_ram_pct AS max_ram_pct,
    policy_adopted.allow_unregistered_agents AS allow_unregistered_agents,
    policy_adopted.allowed_actions AS allowed_actions,
    policy_adopted.allowed_tiers AS allowed_tiers,
    policy_adopted.max_open_tasks AS max_open_tasks,
    policy_adopted.max_claims_per_minute AS max_claims_per_minute,
    agent_role,
    agent_id,
    event_id
FROM
(
    SELECT
        *,
        leadInFrame(toNullable(recorded_at)) OVER (
            ORDER BY epoch, seq ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS until
    FROM
    (
        SELECT epoch, seq, recorded_at, agent_role, agent_id, event_id, policy_adopted
        FROM swarm.events
        WHERE disposition = 'stored' AND payload_kind = 'policy_adopted'
    )
)
COMMENT 'The policies, and from when until when each was in force.';

CREATE OR REPLACE VIEW swarm.rules_in_force
(
    epoch UInt64 COMMENT 'life of the stream, see swarm.epochs',
    seq UInt64 COMMENT 'sequence of the stream; (epoch, seq) is the position',
    recorded_at DateTime64(9, 'UTC') COMMENT 'the stream''s time, UTC',
    position UInt64 COMMENT 'epoch × 2^48 + seq: the place on the log as one number',
    change LowCardinality(String) COMMENT 'what changed here: the payload''s kind',
    policy_hash String COMMENT 'the policy; empty: none yet',
    policy_stated Bool COMMENT 'whether a policy is in force whose rules are written out',
    allow_unregistered_agents Bool COMMENT 'as the policy says',
    allowed_actions Array(String) COMMENT 'as the policy says',
    allowed_tiers Array(LowCardinality(String)) COMMENT 'as the policy says',
    registered Array(String) COMMENT 'agents in the registry',
    dispatch_held Bool COMMENT 'whether a limit holds dispatch',
    halted_by LowCardinality(String) COMMENT 'role of who ordered the halt; empty: no halt',
    system_mode String COMMENT 'operational, degraded or halted; empty: nobody said yet'
)
AS SELECT
    epoch,
    seq,
    recorded_at,
    bitShiftLeft(epoch, 48) + seq AS position,
    payload_kind AS change,
    argMaxIf(policy_adopted.hash, position, payload_kind = 'policy_adopted') OVER so_far AS policy_hash,
    argMaxIf(policy_adopted.max_cpu_pct, position, payload_kind = 'policy_adopted') OVER so_far > 0 AS policy_stated,
    argMaxIf(policy_adopted.allow_unregistered_agents, position, payload_kind = 'policy_adopted') OVER so_far AS allow_unregistered_agents,
    argMaxIf(policy_adopted.allowed_actions, position, payload_kind = 'policy_adopted') OVER so_far AS allowed_actions,
    argMaxIf(policy_adopted.allowed_tiers, position, payload_kind = 'policy_adopted') OVER so_far AS allowed_tiers,
    argMaxIf(arrayMap(each -> each.agent_id, registry_adopted.entries), position, payload_kind = 'registry_adopted') OVER so_far AS registered,
    argMaxIf(payload_kind = 'dispatch_held', position, payload_kind IN ('dispatch_held', 'dispatch_resumed')) OVER so_far AS dispatch_held,
    argMaxIf(if(payload_kind = 'halt_ordered', agent_role, ''), position, payload_kind IN ('halt_ordered', 'halt_lifted')) OVER so_far AS halted_by,
    argMaxIf(system_mode_changed.mode, position, payload_kind = 'system_mode_changed') OVER so_far AS system_mode
FROM swarm.events
WHERE disposition = 'stored' AND payload_kind IN (
    'policy_adopted', 'registry_adopted', 'dispatch_held', 'dispatch_resumed', 'halt_ordered', 'halt_lifted',
    'system_mode_changed'
)
WINDOW so_far AS (ORDER BY epoch, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
COMMENT 'What was in force when: one row per change, with all that holds from there on. Any past can be judged by the rules it had.';

CREATE OR REPLACE VIEW swarm.policy_violations
(
    epoch UInt64 COMMENT 'life of the stream, see swarm.epochs',
    seq UInt64 COMMENT 'sequence of the stream; (epoch, seq) is the position',
    recorded_at DateTime64(9, 'UTC') COMMENT 'the stream''s time, UTC',
    act LowCardinality(String) COMMENT 'submitted or claimed',
    task_id String COMMENT 'which task',
    action String COMMENT 'what it does; empty where its submission is not on record',
    risk_tier LowCardinality(String) COMMENT 'safe, experimental, high or unspecified',
    worker_id String COMMENT 'who was given it; empty for a submission',
    reason String COMMENT 'what the rules had against it',
    policy_hash String COMMENT 'the policy in force',
    event_id String COMMENT 'id of the event',
    trace_id String COMMENT 'W3C trace id'
)
AS SELECT
    epoch,
    seq,
    recorded_at,
    act,
    task_id,
    action,
    risk_tier,
    worker_id,
    reason,
    policy_hash,
    event_id,
    trace_id
FROM
(
    SELECT
        acts.epoch AS epoch,
        acts.seq AS seq,
        acts.recorded_at AS recorded_at,
        acts.event_id AS event_id,
        acts.trace_id AS trace_id,
        acts.act AS act,
        acts.task_id AS task_id,
        acts.action AS action,
        acts.risk_tier AS risk_tier,
        acts.worker_id AS worker_id,
        here.policy_hash AS policy_hash,
        multiIf(
            here.policy_stated AND NOT arrayExists(
                each -> acts.action LIKE replaceAll(replaceAll(replaceRegexpAll(each, '([\\\\%_])', '\\\\\\1'), '*', '%'), '?', '_'),
                here.allowed_actions
            ) AND acts.known, concat('the policy does not allow the action ', acts.action),
            here.policy_stated AND acts.known AND acts.risk_tier != 'unspecified' AND NOT has(here.allowed_tiers, acts.risk_tier),
                concat('the policy does not allow the risk tier ', acts.risk_tier),
            acts.act = 'submitted', '',
            here.dispatch_held, 'dispatch was held',
            here.halted_by != '', 'dispatch was halted',
            here.system_mode = 'halted', 'the system was halted',
            here.policy_stated AND NOT here.allow_unregistered_agents AND NOT has(here.registered, acts.worker_id),
                concat(acts.worker_id, ' is not in the registry, and the policy allows no others'),
            ''
        ) AS reason,
        multiIf(
            seen.policy_stated AND NOT arrayExists(
                each -> acts.action LIKE replaceAll(replaceAll(replaceRegexpAll(each, '([\\\\%_])', '\\\\\\1'), '*', '%'), '?', '_'),
                seen.allowed_actions
            ) AND acts.known, concat('the policy does not allow the action ', acts.action),
            seen.policy_stated AND acts.known AND acts.risk_tier != 'unspecified' AND NOT has(seen.allowed_tiers, acts.risk_tier),
                concat('the policy does not allow the risk tier ', acts.risk_tier),
            acts.act = 'submitted', '',
            seen.dispatch_held, 'dispatch was held',
            seen.halted_by != '', 'dispatch was halted',
            seen.system_mode = 'halted', 'the system was halted',
            seen.policy_stated AND NOT seen.allow_unregistered_agents AND NOT has(seen.registered, acts.worker_id),
                concat(acts.worker_id, ' is not in the registry, and the policy allows no others'),
            ''
        ) AS reason_seen
    FROM
    (
        SELECT
            given.epoch AS epoch,
            given.seq AS seq,
            given.recorded_at AS recorded_at,
            given.event_id AS event_id,
            given.trace_id AS trace_id,
            given.position AS position,
            given.act AS act,
            given.task_id AS task_id,
            given.worker_id AS worker_id,
            1 AS one,
            if(act = 'submitted', own_action, asked.action) AS action,
            if(act = 'submitted', own_risk_tier, asked.risk_tier) AS risk_tier,
            act = 'submitted' OR asked.found AS known,
            if(given.position - turns.position <= 1000, turns.as_of_position, given.position) AS seen_position
        FROM
        (
            SELECT
                epoch,
                seq,
                recorded_at,
                event_id,
                trace_id,
                bitShiftLeft(epoch, 48) + seq AS position,
                1 AS one,
                if(payload_kind = 'task_submitted', 'submitted', 'claimed') AS act,
                if(payload_kind = 'task_submitted', task_submitted.manifest.task_id, task_claimed.task_id) AS task_id,
                task_submitted.manifest.action AS own_action,
                task_submitted.manifest.risk_tier AS own_risk_tier,
                task_claimed.worker_id AS worker_id
            FROM swarm.events
            WHERE disposition = 'stored' AND payload_kind IN ('task_submitted', 'task_claimed') AND agent_role = 'overseer'
        ) AS given
        LEFT ANY JOIN
        (
            SELECT
                task_submitted.manifest.task_id AS task_id,
                task_submitted.manifest.action AS action,
                task_submitted.manifest.risk_tier AS risk_tier,
                true AS found
            FROM swarm.events
            WHERE disposition = 'stored' AND payload_kind = 'task_submitted' AND agent_role = 'overseer'
        ) AS asked ON asked.task_id = given.task_id
        ASOF LEFT JOIN
        (
            SELECT
                1 AS one,
                bitShiftLeft(epoch, 48) + seq AS position,
                bitShiftLeft(epoch, 48) + if(
                    payload_kind = 'requests_taken', requests_taken.as_of_sequence, tick_observed.as_of_sequence
                ) AS as_of_position
            FROM swarm.events
            WHERE disposition = 'stored'
                AND payload_kind IN ('requests_taken', 'tick_observed')
                AND if(payload_kind = 'requests_taken', requests_taken.service, tick_observed.service) = 'overseer'
        ) AS turns ON turns.one = given.one AND turns.position <= given.position
    ) AS acts
    ASOF LEFT JOIN (SELECT *, 1 AS one FROM swarm.rules_in_force) AS here
        ON here.one = acts.one AND here.position <= acts.position
    ASOF LEFT JOIN (SELECT *, 1 AS one FROM swarm.rules_in_force) AS seen
        ON seen.one = acts.one AND seen.position <= acts.seen_position
)
WHERE reason != '' AND reason_seen != ''
COMMENT 'Acts that the rules in force forbade, both at their own place on the log and at the last one that the overseer had seen when it decided. Refused acts are none. overseer/rules_in_force.py judges the same.';

CREATE OR REPLACE VIEW swarm.human_overrides
(
    epoch UInt64 COMMENT 'life of the stream, see swarm.epochs',
    seq UInt64 COMMENT 'sequence of the stream; (epoch, seq) is the position',
    recorded_at DateTime64(9, 'UTC') COMMENT 'the stream''s time, UTC',
    agent_id LowCardinality(String) COMMENT 'who',
    kind LowCardinality(String) COMMENT 'task_ordered, halt_ordered, halt_lifted, command_issued, dispatch_held, dispatch_resumed or system_mode_changed',
    target String COMMENT 'a task, or who was commanded; empty: everything',
    what LowCardinality(String) COMMENT 'the order, the kind of command, or the mode',
    reason String COMMENT 'why',
    event_id String COMMENT 'id of the event',
    trace_id String COMMENT 'W3C trace id'
)
AS SELECT
    epoch,
    seq,
    recorded_at,
    agent_id,
    payload_kind AS kind,
    multiIf(payload_kind = 'task_ordered', task_ordered.task_id, payload_kind = 'command_issued', command_issued.target, '') AS target,
    multiIf(
        payload_kind = 'task_ordered', task_ordered.order,
        payload_kind = 'command_issued', command_issued.kind,
        payload_kind = 'system_mode_changed', system_mode_changed.mode,
        ''
    ) AS what,
    multiIf(
        payload_kind = 'task_ordered', task_ordered.reason,
        payload_kind = 'halt_ordered', halt_ordered.reason,
        payload_kind = 'halt_lifted', halt_lifted.reason,
        payload_kind = 'command_issued', command_issued.reason,
        payload_kind = 'dispatch_held', dispatch_held.reason,
        payload_kind = 'dispatch_resumed', dispatch_resumed.reason,
        system_mode_changed.reason
    ) AS reason,
    event_id,
    trace_id
FROM swarm.events
WHERE disposition = 'stored'
    AND agent_role = 'operator'
    AND (
        payload_kind IN (
            'task_ordered', 'halt_ordered', 'command_issued', 'dispatch_held', 'dispatch_resumed', 'system_mode_changed'
        )
        OR payload_kind = 'halt_lifted' AND (epoch, seq) IN (
            SELECT epoch, seq
            FROM
            (
                SELECT
                    epoch,
                    seq,
                    change,
                    lagInFrame(halted_by) OVER (
                        ORDER BY epoch, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                    ) AS halted_by_before
                FROM swarm.rules_in_force
            )
            WHERE change = 'halt_lifted' AND halted_by_before NOT IN ('', 'operator')
        )
    )
COMMENT 'What operators did to reverse or pre-empt a service''s decision. A proposal, an approval that a plan waits for, and the end of a halt that an operator had ordered are none.';

CREATE OR REPLACE VIEW swarm.key_indicators_at
(
    name LowCardinality(String) COMMENT 'uptime_percent, mean_tool_efficacy_score, policy_violations, confidence_change_percent or human_overrides',
    value Nullable(Float64) COMMENT 'NULL: nothing to measure yet',
    target Float64 COMMENT 'at least, for the first, second and fourth; at most, for the others',
    met Bool COMMENT 'whether it was measured and reaches its target'
)
AS SELECT
    name,
    value,
    target,
    ifNull(if(at_most, value <= target, value >= target), false) AS met
FROM
(
    WITH
        toDateTime64({now:DateTime64(9, 'UTC')}, 9, 'UTC') AS now,
        intDiv(toUnixTimestamp64Nano(now), 60000000000) AS minute,
        fromUnixTimestamp64Nano((minute - 1439) * 60000000000, 'UTC') AS day_began,
        fromUnixTimestamp64Nano((minute - 2879) * 60000000000, 'UTC') AS day_before_began,
        (
            SELECT intDiv(toUnixTimestamp64Nano(argMinOrNull(recorded_at, (epoch, seq))), 60000000000)
            FROM swarm.events
            WHERE disposition = 'stored'
                AND recorded_at <= now
                AND (agent_role IN ('overseer', 'supervisor') OR payload_kind = 'system_mode_changed')
        ) AS started_minute,
        if(isNull(started_minute), NULL, greatest(started_minute, minute - 1439)) AS first_minute,
        (
            SELECT uniqExact(arrayJoin(range(
                greatest(intDiv(toUnixTimestamp64Nano(recorded_at), 60000000000), assumeNotNull(first_minute)),
                least(intDiv(toUnixTimestamp64Nano(ifNull(until, now)), 60000000000), minute) + 1
            )))
            FROM swarm.system_modes
            WHERE mode != 'operational' AND recorded_at <= now AND ifNull(until, now) >= day_began
        ) AS minutes_not_operational,
        (
            SELECT avgOrNull(tool_efficacy_score) FROM swarm.task_efficacy WHERE recorded_at BETWEEN day_began AND now
        ) AS score,
        (
            SELECT (
                avgOrNullIf(confidence_score, recorded_at >= day_began),
                nullIf(avgOrNullIf(confidence_score, recorded_at < day_began), 0)
            )
            FROM swarm.decisions
            WHERE recorded_at BETWEEN day_before_began AND now AND confidence_score BETWEEN 0 AND 1
        ) AS confidence
    SELECT
        'uptime_percent' AS name,
        100 * (1 - minutes_not_operational / (minute - first_minute + 1)) AS value,
        95. AS target,
        false AS at_most
    UNION ALL
    SELECT 'mean_tool_efficacy_score', score, 96., false
    UNION ALL
    SELECT
        'policy_violations',
        if(
            isNull(started_minute),
            NULL,
            (SELECT toFloat64(count()) FROM swarm.policy_violations WHERE recorded_at BETWEEN day_began AND now)
        ),
        0.,
        true
    UNION ALL
    SELECT 'confidence_change_percent', 100 * (confidence.1 - confidence.2) / confidence.2, 1., false
    UNION ALL
    SELECT
        'human_overrides',
        if(
            isNull(started_minute),
            NULL,
            (SELECT toFloat64(count()) FROM swarm.human_overrides WHERE recorded_at BETWEEN day_began AND now)
        ),
        1.,
        true
)
COMMENT 'The key indicators as they were at one moment: SELECT * FROM swarm.key_indicators_at(now = ''2026-11-21 12:00:00''). overseer/indicators.py has the same formulas and the definitions.';

CREATE OR REPLACE VIEW swarm.key_indicators
(
    name LowCardinality(String) COMMENT 'uptime_percent, mean_tool_efficacy_score, policy_violations, confidence_change_percent or human_overrides',
    value Nullable(Float64) COMMENT 'NULL: nothing to measure yet',
    target Float64 COMMENT 'at least, for the first, second and fourth; at most, for the others',
    met Bool COMMENT 'whether it was measured and reaches its target'
)
AS SELECT
    name,
    value,
    target,
    met
FROM swarm.key_indicators_at(now = now64(9, 'UTC'))
COMMENT 'The key indicators of this moment, one row each.';
