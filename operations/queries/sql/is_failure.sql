(
    payload_kind IN (
        'task_rejected', 'task_failed', 'task_cancelled', 'task_expired', 'task_quarantined', 'result_arrived_late',
        'objective_rejected', 'incident_opened', 'incident_escalated'
    )
    OR payload_kind = 'alarm_raised' AND alarm_raised.severity != 'info'
    OR payload_kind = 'incident_closed' AND NOT incident_closed.recovered
    OR payload_kind = 'task_released' AND NOT task_released.again
    OR payload_kind = 'action_outcome' AND action_outcome.status = 'failed'
    OR payload_kind = 'result_reported' AND result_reported.result != 'completed'
    OR payload_kind = 'task_acknowledged' AND task_acknowledged.result != 'completed'
    OR payload_kind = 'objective_finished' AND objective_finished.result = 'failed'
)
