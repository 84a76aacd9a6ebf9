-- Objectives that were accepted, their plans, what people decided of them, and how they ended.
SELECT
    added.objective_id AS objective_id, -- which objective
    added.description AS description, -- what is to be achieved
    added.priority AS priority, -- 0 to 10, higher first
    added.source AS source, -- who or what brought it: cli, inbox, import …
    added.history AS history, -- imported as a record: nothing is planned for it
    added.metadata_json AS metadata_json, -- a JSON object, or empty
    multiIf(
        life.finishes > 0, life.result,
        life.plans > 0, if(life.waits, 'waiting_for_approval', 'planned'),
        'added'
    ) AS status, -- added, waiting_for_approval, planned, achieved, failed or cancelled
    life.plan AS plan, -- explicit, or its name in the catalogue; empty: not planned yet
    life.plan_version AS plan_version, -- version of the catalogue
    life.rationale AS rationale, -- why this plan
    life.risk_tier AS risk_tier, -- the highest of its tasks; empty: not planned yet
    life.task_ids AS task_ids, -- what it became
    added.recorded_at AS added_at, -- when it was accepted
    life.planned_at AS planned_at, -- the first plan; NULL: none yet
    persons.approved_at AS approved_at, -- when a person said yes to a plan that waited for one; NULL: nobody did
    persons.approved_by AS approved_by, -- who said yes; empty: nobody did
    persons.approval_reason AS approval_reason, -- why; empty where it was not said
    life.finished_at AS finished_at, -- NULL while it is open
    persons.called_off_by AS called_off_by, -- the person who called it off; empty: nobody did
    life.summary AS summary, -- how it ended; of one that was called off: why
    added.event_id AS event_id, -- id of the event that added it
    added.trace_id AS trace_id -- W3C trace id of that event
FROM
(
    SELECT
        recorded_at, event_id, trace_id, objective_added.objective_id AS objective_id,
        objective_added.description AS description, objective_added.priority AS priority,
        objective_added.source AS source, objective_added.history AS history,
        objective_added.metadata_json AS metadata_json
    FROM swarm.events
    WHERE disposition = 'stored' AND payload_kind = 'objective_added' AND agent_role = 'overseer'
) AS added
LEFT JOIN
(
    SELECT
        if(payload_kind = 'objective_planned', objective_planned.objective_id, objective_finished.objective_id) AS objective_id,
        countIf(payload_kind = 'objective_planned') AS plans,
        countIf(payload_kind = 'objective_finished') AS finishes,
        argMaxIf(objective_planned.waits_for_approval, (epoch, seq), payload_kind = 'objective_planned') AS waits,
        argMaxIf(objective_planned.plan, (epoch, seq), payload_kind = 'objective_planned') AS plan,
        argMaxIf(objective_planned.plan_version, (epoch, seq), payload_kind = 'objective_planned') AS plan_version,
        argMaxIf(objective_planned.rationale, (epoch, seq), payload_kind = 'objective_planned') AS rationale,
        argMaxIf(objective_planned.risk_tier, (epoch, seq), payload_kind = 'objective_planned') AS risk_tier,
        argMaxIf(objective_planned.task_ids, (epoch, seq), payload_kind = 'objective_planned') AS task_ids,
        argMinIf(toNullable(recorded_at), (epoch, seq), payload_kind = 'objective_planned') AS planned_at,
        argMaxIf(toNullable(recorded_at), (epoch, seq), payload_kind = 'objective_finished') AS finished_at,
        argMaxIf(objective_finished.result, (epoch, seq), payload_kind = 'objective_finished') AS result,
        argMaxIf(objective_finished.summary, (epoch, seq), payload_kind = 'objective_finished') AS summary
    FROM swarm.events
    WHERE disposition = 'stored' AND payload_kind IN ('objective_planned', 'objective_finished') AND agent_role = 'overseer'
    GROUP BY objective_id
) AS life ON life.objective_id = added.objective_id
LEFT JOIN
(
    SELECT
        if(payload_kind = 'objective_approved', objective_approved.objective_id, task_ordered.objective_id) AS objective_id,
        argMinIf(toNullable(recorded_at), (epoch, seq), payload_kind = 'objective_approved') AS approved_at,
        argMinIf(agent_id, (epoch, seq), payload_kind = 'objective_approved') AS approved_by,
        argMinIf(objective_approved.reason, (epoch, seq), payload_kind = 'objective_approved') AS approval_reason,
        argMinIf(agent_id, (epoch, seq), payload_kind = 'task_ordered') AS called_off_by
    FROM swarm.events
    WHERE disposition = 'stored'
        AND agent_role = 'operator'
        AND payload_kind IN ('objective_approved', 'task_ordered')
        AND event_id IN (
            SELECT causation_id
            FROM swarm.events
            WHERE disposition = 'stored' AND agent_role = 'overseer' AND payload_kind IN ('objective_planned', 'objective_finished')
        )
    GROUP BY objective_id
) AS persons ON persons.objective_id = added.objective_id
