-- Those who do tasks, as they last said and as the overseer last found.
SELECT
    worker_id, -- which worker
    multiIf(last_change.2 = 'worker_departed', 'departed', last_change.2 = 'worker_lost', 'lost', heartbeat.1 > last_change.1 AND heartbeat.3, 'draining', 'registered') AS status, -- registered, draining, departed or lost, as the log last said
    registration.skills AS skills, -- what it knows
    greatest(registration.max_concurrent_tasks, 1) AS max_concurrent_tasks, -- how many tasks it may have at once
    registration.host AS host, -- on which machine
    registration.pid AS pid, -- process id
    registration.heartbeat_seconds AS heartbeat_seconds, -- how often it means to be heard of
    if(heartbeat.1 > last_change.1 AND last_change.2 = 'worker_registered', heartbeat.2, []) AS task_ids, -- what it held at its last heartbeat
    registered_at, -- its last registration
    heard_at, -- its last registration or heartbeat
    if(last_change.2 = 'worker_registered', NULL, last_change_at) AS gone_at, -- when it departed or was found lost; NULL while it is there
    multiIf(last_change.2 = 'worker_departed', departure, last_change.2 = 'worker_lost', concat('silent for ', toString(silent_seconds), ' s'), '') AS reason -- why it departed, or for how long it was silent
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
