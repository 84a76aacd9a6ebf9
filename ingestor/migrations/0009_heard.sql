-- What the overseer goes by, and the numbers by which the swarm is judged from that alone: whoever else speaks of a policy, a
-- mode or a task changes nothing in the swarm, and so nothing here. Quotas are judged, too.

ALTER TABLE swarm.events ADD COLUMN IF NOT EXISTS heard Bool ALIAS
    disposition = 'stored'
    AND if(
        payload_kind = 'command_issued',
        if(command_issued.emergency, 'command.emergency', 'command.issued'),
        transform(payload_kind, [
            'task_submitted', 'task_claimed', 'task_progressed', 'task_released', 'task_completed', 'task_failed',
            'task_cancelled', 'task_expired', 'task_quarantined', 'task_acknowledged', 'tasks_proposed', 'claim_requested',
            'progress_reported', 'result_reported', 'release_requested', 'task_ordered', 'objective_proposed', 'objective_added',
            'objective_planned', 'objective_approved', 'objective_finished', 'worker_registered', 'worker_heartbeat',
            'worker_departed', 'incident_opened', 'recovery_attempted', 'incident_escalated', 'incident_closed'
        ], [
            'task.submitted', 'task.claimed', 'task.progressed', 'task.released', 'task.completed', 'task.failed',
            'task.cancelled', 'task.expired', 'task.quarantined', 'task.acknowledged', 'request.tasks_proposed',
            'request.claim_requested', 'request.progress_reported', 'request.result_reported', 'request.release_requested',
            'request.task_ordered', 'request.objective_proposed', 'objective.added', 'objective.planned',
            'request.objective_approved', 'objective.finished', 'worker.registered', 'worker.heartbeat', 'worker.departed',
            'incident.opened', 'incident.recovery_attempted', 'incident.escalated', 'incident.closed'
        ], concat(agent_role, '.', transform(payload_kind, ['action_outcome', 'system_signal', 'pulse_completed'], ['outcome', 'signal', 'pulse'], payload_kind)))
    ) = arrayStringConcat(arraySlice(splitByChar('.', subject), 3, 2), '.')
    AND (
        agent_role = 'overseer'
        AND (
            startsWith(subject, 'swarm.events.task.')
            OR startsWith(subject, 'swarm.events.overseer.')
            OR startsWith(subject, 'swarm.events.objective.')
            OR startsWith(subject, 'swarm.events.request.')
        )
        AND payload_kind NOT IN (
            'tasks_proposed', 'claim_requested', 'progress_reported', 'result_reported', 'release_requested', 'task_ordered',
            'objective_proposed', 'objective_approved'
        )
        OR (
            agent_role = 'overseer'
            OR payload_kind NOT IN (
                'task_submitted', 'task_claimed', 'task_progressed', 'task_released', 'task_completed', 'task_failed',
                'task_cancelled', 'task_expired', 'task_quarantined', 'task_acknowledged',
                'objective_added', 'objective_planned', 'objective_finished'
            )
        )
        AND match(subject, concat('^swarm\\.events\\.(', replaceAll(replaceAll(replaceAll(arrayStringConcat([
            'overseer.>',
            'worker.registered.*', 'worker.heartbeat.*', 'worker.departed.*',
            'request.task_ordered', 'request.task_ordered.>', 'request.objective_proposed.>', 'request.tasks_proposed.>',
            'architect.decision', 'coder.decision', 'reviewer.decision', 'operator.decision', 'worker.decision',
            'operator.halt_ordered', 'operator.halt_lifted',
            'command.issued.*', 'command.emergency.*',
            'governor.capacity_sampled.*', 'governor.alarm_raised.*',
            'guardian.system_mode_changed', 'guardian.halt_ordered', 'guardian.halt_lifted', 'guardian.alarm_raised',
            'incident.>',
            'ingestor.alarm_raised'
        ], '|'), '.', '\\.'), '*', '[^.]+'), '>', '.+'), ')$'))
    )
    COMMENT 'whether the overseer goes by it: its subject says of which kind it is, and it is what others say where they are believed, or the overseer itself; what it was asked counts by what it did about it. overseer/wiring.py names the same subjects';

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
WHERE heard AND payload_kind = 'task_acknowledged'
COMMENT 'How well finished tasks were done, computed anew from result, duration and changed files; overseer/kernel/efficacy.py gives the same numbers.';

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
        WHERE heard AND payload_kind = 'system_mode_changed'
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
        WHERE heard AND payload_kind = 'policy_adopted'
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
    max_open_tasks UInt32 COMMENT 'as the policy says; 0: any number',
    max_claims_per_minute UInt32 COMMENT 'as the policy says; 0: any number',
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
    argMaxIf(policy_adopted.max_open_tasks, position, payload_kind = 'policy_adopted') OVER so_far AS max_open_tasks,
    argMaxIf(policy_adopted.max_claims_per_minute, position, payload_kind = 'policy_adopted') OVER so_far AS max_claims_per_minute,
    argMaxIf(arrayMap(each -> each.agent_id, registry_adopted.entries), position, payload_kind = 'registry_adopted') OVER so_far AS registered,
    argMaxIf(payload_kind = 'dispatch_held', position, payload_kind IN ('dispatch_held', 'dispatch_resumed')) OVER so_far AS dispatch_held,
    argMaxIf(if(payload_kind = 'halt_ordered', agent_role, ''), position, payload_kind IN ('halt_ordered', 'halt_lifted')) OVER so_far AS halted_by,
    argMaxIf(system_mode_changed.mode, position, payload_kind = 'system_mode_changed') OVER so_far AS system_mode
FROM swarm.events
WHERE heard AND payload_kind IN (
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
AS WITH rules AS
(
    SELECT
        *,
        1 AS one,
        arrayMap(
            each -> replaceAll(replaceAll(replaceRegexpAll(each, '([\\\\%_])', '\\\\\\1'), '*', '%'), '?', '_'), allowed_actions
        ) AS patterns
    FROM swarm.rules_in_force
)
SELECT
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
    WITH (
            policy_stated, allow_unregistered_agents, patterns, allowed_tiers, max_open_tasks, max_claims_per_minute,
            registered, dispatch_held, halted_by, system_mode
        ) -> multiIf(
            policy_stated AND acts.known AND NOT arrayExists(each -> acts.action LIKE each, patterns),
                concat('the policy does not allow the action ', acts.action),
            policy_stated AND acts.known AND acts.risk_tier != 'unspecified' AND NOT has(allowed_tiers, acts.risk_tier),
                concat('the policy does not allow the risk tier ', acts.risk_tier),
            acts.act = 'submitted', if(
                policy_stated AND max_open_tasks > 0 AND acts.open_tasks > max_open_tasks,
                concat('the policy allows ', toString(max_open_tasks), ' open tasks'),
                ''
            ),
            dispatch_held, 'dispatch was held',
            halted_by != '', 'dispatch was halted',
            system_mode = 'halted', 'the system was halted',
            policy_stated AND NOT allow_unregistered_agents AND NOT has(registered, acts.worker_id),
                concat(acts.worker_id, ' is not in the registry, and the policy allows no others'),
            policy_stated AND max_claims_per_minute > 0 AND acts.claims_in_minute > max_claims_per_minute,
                concat('the policy allows ', toString(max_claims_per_minute), ' claims a minute'),
            ''
        ) AS against
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
        against(
            here.policy_stated, here.allow_unregistered_agents, here.patterns, here.allowed_tiers, here.max_open_tasks, here.max_claims_per_minute,
            here.registered, here.dispatch_held, here.halted_by, here.system_mode
        ) AS reason,
        against(
            seen.policy_stated, seen.allow_unregistered_agents, seen.patterns, seen.allowed_tiers, seen.max_open_tasks, seen.max_claims_per_minute,
            seen.registered, seen.dispatch_held, seen.halted_by, seen.system_mode
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
            given.open_tasks AS open_tasks,
            given.claims_in_minute AS claims_in_minute,
            1 AS one,
            if(act = 'submitted', own_action, asked.action) AS action,
            if(act = 'submitted', own_risk_tier, asked.risk_tier) AS risk_tier,
            act = 'submitted' OR asked.found AS known,
            if(given.position - turns.position <= 1000, turns.as_of_position, given.position) AS seen_position
        FROM
        (
            SELECT
                *,
                1 AS one,
                claims - max(if(isNull(minute_before) OR minute != minute_before, claims, 0)) OVER so_far + 1 AS claims_in_minute
            FROM
            (
                SELECT
                    epoch,
                    seq,
                    recorded_at,
                    event_id,
                    trace_id,
                    bitShiftLeft(epoch, 48) + seq AS position,
                    substring(payload_kind, 6) AS act,
                    multiIf(
                        act = 'submitted', task_submitted.manifest.task_id,
                        act = 'claimed', task_claimed.task_id,
                        task_acknowledged.task_id
                    ) AS task_id,
                    task_submitted.manifest.action AS own_action,
                    task_submitted.manifest.risk_tier AS own_risk_tier,
                    task_claimed.worker_id AS worker_id,
                    sum(multiIf(act = 'submitted', 1, act = 'acknowledged', -1, 0)) OVER so_far AS open_tasks,
                    countIf(act = 'claimed') OVER so_far AS claims,
                    if(act = 'claimed', ifNull(intDiv(toUnixTimestamp64Nano(timestamp), 60000000000), 0), NULL) AS minute,
                    anyLast(minute) OVER (ORDER BY epoch, seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS minute_before
                FROM swarm.events
                WHERE heard AND (
                    payload_kind IN ('task_submitted', 'task_claimed')
                    OR payload_kind = 'task_acknowledged' AND task_acknowledged.result != 'quarantined'
                )
                WINDOW so_far AS (ORDER BY epoch, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
            )
            WINDOW so_far AS (ORDER BY epoch, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
        ) AS given
        LEFT ANY JOIN
        (
            SELECT
                task_submitted.manifest.task_id AS task_id,
                task_submitted.manifest.action AS action,
                task_submitted.manifest.risk_tier AS risk_tier,
                true AS found
            FROM swarm.events
            WHERE heard AND payload_kind = 'task_submitted'
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
            WHERE heard AND payload_kind IN ('requests_taken', 'tick_observed')
                AND if(payload_kind = 'requests_taken', requests_taken.service, tick_observed.service) = 'overseer'
        ) AS turns ON turns.one = given.one AND turns.position <= given.position
        WHERE act != 'acknowledged'
    ) AS acts
    ASOF LEFT JOIN rules AS here
        ON here.one = acts.one AND here.position <= acts.position
    ASOF LEFT JOIN rules AS seen
        ON seen.one = acts.one AND seen.position <= acts.seen_position
)
WHERE reason != '' AND reason_seen != ''
COMMENT 'Acts that the rules in force forbade, both at their own place on the log and at the last one that the overseer had seen when it decided. Refused acts are none. Open tasks are counted from the events that are kept. overseer/rules_in_force.py judges the same.';

CREATE OR REPLACE VIEW swarm.human_overrides
(
    epoch UInt64 COMMENT 'life of the stream, see swarm.epochs',
    seq UInt64 COMMENT 'sequence of the stream; (epoch, seq) is the position',
    recorded_at DateTime64(9, 'UTC') COMMENT 'the stream''s time, UTC',
    agent_id LowCardinality(String) COMMENT 'who',
    kind LowCardinality(String) COMMENT 'task_ordered, halt_ordered, halt_lifted, command_issued, dispatch_held, dispatch_resumed or system_mode_changed',
    target String COMMENT 'a task, an objective, or who was commanded; empty: everything',
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
    multiIf(
        payload_kind = 'task_ordered', if(task_ordered.task_id = '', task_ordered.objective_id, task_ordered.task_id),
        payload_kind = 'command_issued', command_issued.target,
        ''
    ) AS target,
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
WHERE heard
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
            SELECT intDiv(toUnixTimestamp64Nano(recorded_at), 60000000000)
            FROM swarm.events
            WHERE heard AND recorded_at <= now AND (agent_role = 'overseer' OR payload_kind = 'system_mode_changed')
            ORDER BY epoch, seq
            LIMIT 1
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
                avgOrNullIf(decision.confidence_score, recorded_at >= day_began),
                nullIf(avgOrNullIf(decision.confidence_score, recorded_at < day_began), 0)
            )
            FROM swarm.events
            WHERE heard AND recorded_at BETWEEN day_before_began AND now
                AND payload_kind = 'decision'
                AND decision.confidence_score BETWEEN 0 AND 1
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
