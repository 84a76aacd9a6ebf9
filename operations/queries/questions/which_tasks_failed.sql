-- Tasks that did not end well, the last first, with why.
SELECT task_id, action, status, attempts, worker_id, notes, ended_at
FROM swarm.tasks
WHERE status IN ('failed', 'cancelled', 'expired', 'quarantined')
ORDER BY ended_at DESC
LIMIT 100
