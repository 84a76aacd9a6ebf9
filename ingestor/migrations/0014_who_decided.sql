-- Who said yes to an objective, or no, when and why. An approval counts by what the overseer did about it: one that came from
-- elsewhere, or that nothing waited for, is none. Whoever approves has decided, so it stands among the decisions.

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
    approved_at Nullable(DateTime64(9, 'UTC')) COMMENT 'when a person said yes to a plan that waited for one; NULL: nobody did',
    approved_by String COMMENT 'who said yes; empty: nobody did',
    approval_reason String COMMENT 'why; empty where it was not said',
    finished_at Nullable(DateTime64(9, 'UTC')) COMMENT 'NULL while it is open',
    called_off_by String COMMENT 'the person who called it off; empty: nobody did',
    summary String COMMENT 'how it ended; of one that was called off: why',
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
    persons.approved_at AS approved_at,
    persons.approved_by AS approved_by,
    persons.approval_reason AS approval_reason,
    life.finished_at AS finished_at,
    persons.called_off_by AS called_off_by,
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
COMMENT 'Objectives that were accepted, their plans, what people decided of them, and how they ended.';

CREATE OR REPLACE VIEW swarm.decisions
(
    epoch UInt64 COMMENT 'life of the stream, see swarm.epochs',
    seq UInt64 COMMENT 'sequence of the stream; (epoch, seq) is the position',
    recorded_at DateTime64(9, 'UTC') COMMENT 'the stream''s time, UTC',
    agent_id LowCardinality(String) COMMENT 'who',
    agent_role LowCardinality(String) COMMENT 'architect, coder, reviewer, operator, or a service',
    chosen_action String COMMENT 'what was decided',
    rationale String COMMENT 'why',
    rejected_alternatives Array(String) COMMENT 'what was turned down',
    confidence_score Nullable(Float32) COMMENT '0 to 1; NULL when not given',
    input_trigger String COMMENT 'what made it decide',
    context_hash String COMMENT 'hash of the snapshot of reality it looked at',
    memory_ids Array(String) COMMENT 'what it remembered while deciding',
    event_id String COMMENT 'id of the event',
    timestamp Nullable(DateTime64(9, 'UTC')) COMMENT 'the producer''s clock, UTC; NULL when missing',
    trace_id String COMMENT 'W3C trace id',
    span_id String COMMENT 'W3C span id',
    causation_id String COMMENT 'id of the event that made this one happen',
    correlation_id String COMMENT 'id of the piece of work it belongs to',
    subject String COMMENT 'NATS subject',
    warnings Array(LowCardinality(String)) COMMENT 'what breaks the contracts in it'
)
AS SELECT
    epoch,
    seq,
    recorded_at,
    agent_id,
    agent_role,
    multiIf(
        payload_kind = 'decision', decision.chosen_action,
        payload_kind = 'objective_approved', concat('approve objective ', objective_approved.objective_id),
        concat('call off objective ', task_ordered.objective_id)
    ) AS chosen_action,
    multiIf(
        payload_kind = 'decision', decision.rationale,
        payload_kind = 'objective_approved', objective_approved.reason,
        task_ordered.reason
    ) AS rationale,
    decision.rejected_alternatives AS rejected_alternatives,
    if(payload_kind = 'decision', decision.confidence_score, NULL) AS confidence_score,
    decision.input_trigger AS input_trigger,
    decision.context_hash AS context_hash,
    decision.memory_ids AS memory_ids,
    event_id,
    timestamp,
    trace_id,
    span_id,
    causation_id,
    correlation_id,
    subject,
    warnings
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
COMMENT 'What agents decided, and what people did about objectives: approved those that waited, called them off; and why.';
