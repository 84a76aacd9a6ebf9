-- Acts that the rules in force forbade.
SELECT recorded_at, act, task_id, action, risk_tier, worker_id, reason
FROM swarm.policy_violations
ORDER BY epoch DESC, seq DESC
LIMIT 100
