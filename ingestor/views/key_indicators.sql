-- The key indicators as the last pulse measured them, one row each. overseer/indicators.py defines them.
SELECT
    name, -- uptime_percent, mean_tool_efficacy_score, policy_violations, confidence_change_percent or human_overrides
    value, -- NULL: nothing to measure yet
    target, -- at least, for the first, second and fourth; at most, for the others
    met -- whether it was measured and reaches its target
FROM swarm.key_indicators_at(now = now64(9, 'UTC'))
