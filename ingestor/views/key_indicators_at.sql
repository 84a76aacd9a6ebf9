-- The key indicators as the last pulse up to one moment measured them: SELECT * FROM swarm.key_indicators_at(now = '2026-11-21 12:00:00'). None before the first pulse.
SELECT
    measured.name AS name, -- uptime_percent, mean_tool_efficacy_score, policy_violations, confidence_change_percent or human_overrides
    measured.value AS value, -- NULL: nothing to measure yet
    measured.target AS target, -- at least, for the first, second and fourth; at most, for the others
    measured.met AS met -- whether it was measured and reaches its target
FROM
(
    SELECT pulse_completed.indicators AS indicators
    FROM swarm.events
    WHERE heard AND payload_kind = 'pulse_completed' AND recorded_at <= toDateTime64({now:DateTime64(9, 'UTC')}, 9, 'UTC')
    ORDER BY epoch DESC, seq DESC
    LIMIT 1
)
ARRAY JOIN indicators AS measured
