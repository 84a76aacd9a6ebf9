-- A stretch of one life of the log, a row each position, as a page draws it: repeats of events are left out.
SELECT
    toUnixTimestamp64Micro(e.recorded_at) / 1000 AS time,
    seq AS position,
    if(disposition = 'parked', 'unreadable', payload_kind) AS kind,
    agent_id AS agent,
    agent_role AS role,
    trace_id AS trace,
    multiIf(
        payload_kind = 'state_change', state_change.target_resource,
        payload_kind = 'task_submitted', task_submitted.manifest.task_id,
        payload_kind = 'task_claimed', task_claimed.task_id,
        payload_kind = 'task_progressed', task_progressed.task_id,
        payload_kind = 'task_released', task_released.task_id,
        payload_kind = 'task_completed', task_completed.task_id,
        payload_kind = 'task_failed', task_failed.task_id,
        payload_kind = 'task_cancelled', task_cancelled.task_id,
        payload_kind = 'task_quarantined', task_quarantined.task_id,
        payload_kind = 'task_acknowledged', task_acknowledged.task_id,
        payload_kind = 'objective_added', objective_added.objective_id,
        payload_kind = 'objective_planned', objective_planned.objective_id,
        payload_kind = 'objective_approved', objective_approved.objective_id,
        payload_kind = 'objective_finished', objective_finished.objective_id,
        payload_kind = 'incident_opened', incident_opened.incident_id,
        payload_kind = 'incident_closed', incident_closed.incident_id,
        payload_kind = 'capacity_sampled', capacity_sampled.host,
        payload_kind = 'process_started', process_started.name,
        payload_kind = 'process_exited', process_exited.name,
        ''
    ) AS resource,
    leftUTF8(
        multiIf(
            disposition = 'parked', reason,
            payload_kind = 'decision', decision.chosen_action,
            payload_kind = 'action_outcome', concat(action_outcome.status, ' ', leftUTF8(action_outcome.output, 100)),
            payload_kind = 'alarm_raised', concat(alarm_raised.name, ': ', alarm_raised.message),
            payload_kind = 'task_submitted', concat(task_submitted.manifest.action, ' ', task_submitted.manifest.description),
            payload_kind = 'task_claimed', concat('by ', task_claimed.worker_id),
            payload_kind = 'task_progressed', task_progressed.note,
            payload_kind = 'task_failed', task_failed.reason,
            payload_kind = 'task_acknowledged', task_acknowledged.result,
            payload_kind = 'objective_added', objective_added.description,
            payload_kind = 'objective_finished', concat(objective_finished.result, ': ', objective_finished.summary),
            payload_kind = 'incident_opened', incident_opened.summary,
            payload_kind = 'incident_closed', incident_closed.root_cause,
            payload_kind = 'system_mode_changed', concat(system_mode_changed.mode, ': ', system_mode_changed.reason),
            payload_kind = 'halt_ordered', halt_ordered.reason,
            payload_kind = 'halt_lifted', halt_lifted.reason,
            payload_kind = 'system_signal', system_signal.status,
            ''
        ),
        120
    ) AS title,
    if(payload_kind = 'action_outcome', action_outcome.cost_usd, NULL) AS cost,
    toUInt8(
        %is_failure%
        + 2 * (payload_kind = 'objective_planned' AND objective_planned.waits_for_approval)
        + 4 * (disposition = 'parked')
        + 8 * (payload_kind = 'state_change' AND state_change.external)
    ) AS flags,
    event_id,
    causation_id
FROM swarm.events AS e
WHERE epoch = {epoch:UInt32} AND seq >= {first:UInt64} AND seq <= {last:UInt64} AND disposition != 'duplicate'
ORDER BY seq
LIMIT {most:UInt64}
