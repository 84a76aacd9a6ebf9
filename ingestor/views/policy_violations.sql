-- Acts that the rules in force forbade, both at their own place on the log and at the last one that the overseer had seen when it decided. Refused acts are none. Open tasks are counted from the events that are kept. overseer/policy_timeline.py judges the same.
WITH rules AS
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
    epoch, seq, recorded_at,
    act, -- submitted or claimed
    task_id, -- which task
    action, -- what it does; empty where its submission is not on record
    risk_tier, -- safe, experimental, high or unspecified
    worker_id, -- who was given it; empty for a submission
    reason, -- what the rules had against it
    policy_hash, -- the policy in force
    event_id, trace_id
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
        acts.epoch AS epoch, acts.seq AS seq, acts.recorded_at AS recorded_at, acts.event_id AS event_id,
        acts.trace_id AS trace_id, acts.act AS act, acts.task_id AS task_id, acts.action AS action,
        acts.risk_tier AS risk_tier, acts.worker_id AS worker_id, here.policy_hash AS policy_hash,
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
            given.epoch AS epoch, given.seq AS seq, given.recorded_at AS recorded_at, given.event_id AS event_id,
            given.trace_id AS trace_id, given.position AS position, given.act AS act, given.task_id AS task_id,
            given.worker_id AS worker_id, given.open_tasks AS open_tasks, given.claims_in_minute AS claims_in_minute,
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
                    epoch, seq, recorded_at, event_id, trace_id,
                    bitShiftLeft(epoch, 48) + seq AS position,
                    substring(payload_kind, 6) AS act,
                    multiIf(
                        act = 'submitted', task_submitted.manifest.task_id,
                        act = 'claimed', task_claimed.task_id,
                        task_acknowledged.task_id
                    ) AS task_id,
                    task_submitted.manifest.action AS own_action, task_submitted.manifest.risk_tier AS own_risk_tier,
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
                task_submitted.manifest.task_id AS task_id, task_submitted.manifest.action AS action,
                task_submitted.manifest.risk_tier AS risk_tier, true AS found
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
