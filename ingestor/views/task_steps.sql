-- The life of tasks: one row per step. What others than the overseer say of a task does not count.
SELECT
    epoch, seq, recorded_at,
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
    ) AS task_id, -- which task
    substring(payload_kind, 6) AS step, -- submitted, rejected, claimed, progressed, released, completed, failed, cancelled, expired, quarantined or acknowledged
    multiIf(
        payload_kind = 'task_claimed', task_claimed.worker_id,
        payload_kind = 'task_progressed', task_progressed.worker_id,
        payload_kind = 'task_released', task_released.worker_id,
        payload_kind = 'task_completed', task_completed.worker_id,
        payload_kind = 'task_failed', task_failed.worker_id,
        payload_kind = 'task_acknowledged', task_acknowledged.worker_id,
        ''
    ) AS worker_id, -- who had it; empty where nobody did
    multiIf(
        payload_kind = 'task_claimed', task_claimed.attempt,
        payload_kind = 'task_progressed', task_progressed.attempt,
        payload_kind = 'task_released', task_released.attempt,
        payload_kind = 'task_completed', task_completed.attempt,
        payload_kind = 'task_failed', task_failed.attempt,
        payload_kind = 'task_acknowledged', task_acknowledged.attempts,
        0
    ) AS attempt, -- 1, 2, 3 …; of an acknowledgement: how many there were
    multiIf(payload_kind = 'task_failed', task_failed.result, payload_kind = 'task_acknowledged', task_acknowledged.result, '') AS result, -- of a failed attempt or an acknowledgement; empty otherwise
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
    ) AS reason, -- why; of progress and acknowledgements: the worker's note
    if(payload_kind = 'task_progressed', task_progressed.fraction, NULL) AS fraction, -- how much is done, 0 to 1; NULL when not said
    multiIf(payload_kind = 'task_claimed', task_claimed.lease_seconds, payload_kind = 'task_progressed', task_progressed.lease_seconds, NULL) AS lease_seconds, -- for how long the claim holds from here on; NULL where the step gives no lease
    multiIf(payload_kind = 'task_released', task_released.retry_in_seconds, payload_kind = 'task_failed', task_failed.retry_in_seconds, NULL) AS retry_in_seconds, -- when it may be claimed again; NULL where it may not be, or already is
    if(payload_kind = 'task_acknowledged', task_acknowledged.duration_seconds, NULL) AS duration_seconds, -- of the last attempt; NULL but for acknowledgements
    if(payload_kind = 'task_acknowledged', task_acknowledged.changed_files, []) AS changed_files, -- of an acknowledgement
    if(payload_kind = 'task_acknowledged', task_acknowledged.tool_efficacy_score, NULL) AS tool_efficacy_score, -- TES as the overseer wrote it down; NULL but for acknowledgements
    if(payload_kind = 'task_acknowledged', task_acknowledged.output, '') AS output, -- what it printed, bounded; of an acknowledgement
    event_id, trace_id, span_id, causation_id, correlation_id
FROM swarm.events
WHERE disposition = 'stored' AND agent_role = 'overseer' AND payload_kind IN (
    'task_submitted', 'task_rejected', 'task_claimed', 'task_progressed', 'task_released',
    'task_completed', 'task_failed', 'task_cancelled', 'task_expired', 'task_quarantined', 'task_acknowledged'
)
