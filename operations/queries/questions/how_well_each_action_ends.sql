-- Tasks by action: how many ended, how well, how long they took.
SELECT action, count() AS ended, round(avg(tool_efficacy_score), 1) AS tes, round(quantile(0.5)(duration_seconds), 2) AS median_seconds, max(attempts) AS most_attempts
FROM swarm.task_efficacy
GROUP BY action
ORDER BY ended DESC
