-- One row per round of reflect, plan, act and critique, with all it saw and did.
SELECT
    epoch, seq, recorded_at,
    pulse_completed.number AS number, -- 1, 2, 3 …
    pulse_completed.system_mode AS system_mode, -- operational, degraded or halted
    pulse_completed.interval_seconds AS interval_seconds, -- until the next
    pulse_completed.recommendation AS recommendation, -- steady, watch, hold or recover
    pulse_completed.workers_alive AS workers_alive, -- Reflect: workers
    pulse_completed.tasks_waiting AS tasks_waiting, -- Reflect: tasks that nobody has
    pulse_completed.tasks_claimed AS tasks_claimed, -- Reflect: tasks that somebody has
    pulse_completed.cpu_percent AS cpu_percent, -- Reflect: of the busiest machine
    pulse_completed.memory_percent AS memory_percent, -- Reflect: of the fullest machine
    pulse_completed.ingest_lag AS ingest_lag, -- Reflect: positions that are not in ClickHouse yet
    pulse_completed.planned_objectives AS planned_objectives, -- Plan: objectives that became tasks
    pulse_completed.dispatch_held AS dispatch_held, -- Act: no task is handed out
    pulse_completed.hold_reason AS hold_reason, -- Act: why not
    pulse_completed.tasks_completed AS tasks_completed, -- Critique: since the pulse before
    pulse_completed.tasks_failed AS tasks_failed, -- Critique: since the pulse before
    pulse_completed.tasks_requeued AS tasks_requeued, -- Critique: since the pulse before
    pulse_completed.mean_tool_efficacy_score AS mean_tool_efficacy_score, -- Critique: of the last 20 finished tasks; NULL: none yet
    pulse_completed.trend_tool_efficacy_score AS trend_tool_efficacy_score, -- Critique: the newer half of them against the older
    pulse_completed.weights AS weights, -- Critique: how well each agent does each action, 0 to 1
    pulse_completed.indicators AS indicators, -- the key indicators at the time
    pulse_completed.alarms AS alarms, -- names of those raised since the pulse before
    pulse_completed.incidents AS incidents, -- opened or closed since the pulse before, a sentence each
    pulse_completed.charter_hash AS charter_hash, -- the charter it ran under
    pulse_completed.policy_hash AS policy_hash, -- the policy it ran under
    event_id,
    trace_id, -- W3C trace id: a span per phase
    agent_id -- which overseer
FROM swarm.events
WHERE disposition = 'stored' AND payload_kind = 'pulse_completed'
