-- Tasks: what was asked for, and where each one stands.
SELECT
    submitted.task_id AS task_id, -- which task
    submitted.objective_id AS objective_id, -- the objective it serves
    submitted.action AS action, -- what a worker knows to do
    submitted.description AS description, -- for people
    submitted.payload_json AS payload_json, -- arguments of the action
    submitted.priority AS priority, -- 0 to 10, higher first
    submitted.owner AS owner, -- who wants it
    submitted.depends_on AS depends_on, -- tasks that must be completed before
    submitted.ttl_seconds AS ttl_seconds, -- from submission; 0: no limit
    submitted.required_skills AS required_skills, -- what a worker must know
    submitted.required_cpu_count AS required_cpu_count, -- processors; 0: any
    submitted.required_memory_bytes AS required_memory_bytes, -- 0: any
    submitted.max_attempts AS max_attempts, -- 0 counts as 1
    submitted.idempotency_key AS idempotency_key, -- the same for every attempt; empty: the task's id
    submitted.risk_tier AS risk_tier, -- safe, experimental, high or unspecified
    life.status AS status, -- submitted, claimed, waiting (again, after a release or a failure), completed, failed, cancelled, expired or quarantined
    life.attempts AS attempts, -- how often it was claimed
    life.worker_id AS worker_id, -- who has it, or had it last; empty: nobody yet
    submitted.recorded_at AS submitted_at, -- when it was accepted
    life.claimed_at AS claimed_at, -- of the last attempt; NULL: never
    if(life.open, NULL, life.last_at) AS ended_at, -- NULL while it is open
    if(life.open, NULL, life.duration_seconds) AS duration_seconds, -- of the last attempt; NULL while it is open
    if(life.open, '', life.result) AS result, -- of the acknowledgement: completed, checks_failed, applied_checks_failed, failed, cancelled, expired, quarantined; empty while it is open
    if(life.open, '', life.notes) AS notes, -- of the acknowledgement
    if(life.open, [], life.changed_files) AS changed_files, -- of the acknowledgement
    if(life.open, NULL, life.tool_efficacy_score) AS tool_efficacy_score, -- TES, 0 to 100; NULL while it is open
    submitted.event_id AS event_id, -- id of its submission
    submitted.trace_id AS trace_id, -- W3C trace id of its submission
    submitted.causation_id AS causation_id, -- id of the event that made it be submitted
    life.last_position.1 AS epoch, -- epoch of its last step
    life.last_position.2 AS last_seq -- sequence of its last step
FROM
(
    SELECT
        recorded_at, event_id, trace_id, causation_id, task_submitted.manifest.task_id AS task_id,
        task_submitted.manifest.objective_id AS objective_id, task_submitted.manifest.action AS action,
        task_submitted.manifest.description AS description, task_submitted.manifest.payload_json AS payload_json,
        task_submitted.manifest.priority AS priority, task_submitted.manifest.owner AS owner,
        task_submitted.manifest.depends_on AS depends_on, task_submitted.manifest.ttl_seconds AS ttl_seconds,
        task_submitted.manifest.required_skills AS required_skills,
        task_submitted.manifest.required_cpu_count AS required_cpu_count,
        task_submitted.manifest.required_memory_bytes AS required_memory_bytes,
        task_submitted.manifest.max_attempts AS max_attempts,
        task_submitted.manifest.idempotency_key AS idempotency_key, task_submitted.manifest.risk_tier AS risk_tier
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
