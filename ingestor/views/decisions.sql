-- What agents decided, and what people did about objectives: approved those that waited, called them off; and why.
SELECT
    epoch, seq, recorded_at, agent_id, agent_role,
    multiIf(
        payload_kind = 'decision', decision.chosen_action,
        payload_kind = 'objective_approved', concat('approve objective ', objective_approved.objective_id),
        concat('call off objective ', task_ordered.objective_id)
    ) AS chosen_action, -- what was decided
    multiIf(
        payload_kind = 'decision', decision.rationale,
        payload_kind = 'objective_approved', objective_approved.reason,
        task_ordered.reason
    ) AS rationale, -- why
    decision.rejected_alternatives AS rejected_alternatives, -- what was turned down
    if(payload_kind = 'decision', decision.confidence_score, NULL) AS confidence_score, -- 0 to 1; NULL when not given
    decision.input_trigger AS input_trigger, -- what made it decide
    decision.context_hash AS context_hash, -- hash of the snapshot of reality it looked at
    decision.memory_ids AS memory_ids, -- what it remembered while deciding
    attribution.*,
    event_id, timestamp, trace_id, span_id, causation_id, correlation_id, subject, warnings
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
