-- Incidents, the last first.
SELECT opened_at, incident_class, status, rule, subject_of_concern, summary, root_cause, duration_seconds
FROM swarm.incidents
ORDER BY opened_at DESC
LIMIT 100
