-- In which mode the system was, from recorded_at until the next. Before the first it counts as operational.
SELECT
    epoch, seq, recorded_at,
    system_mode_changed.mode AS mode, -- operational, degraded or halted
    system_mode_changed.reason AS reason, -- why
    until, -- when the next began; NULL: it holds
    agent_role, agent_id, event_id, trace_id
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
