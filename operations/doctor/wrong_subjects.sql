-- How many events were published on a subject that is not that of their kind, lately and ever.
SELECT
    countIf(recorded_at > now64(9, 'UTC') - toIntervalDay(1)) AS lately,
    count() AS ever,
    argMax(subject, recorded_at) AS last_subject
FROM swarm.warnings
WHERE warning = 'its subject is not that of its kind and role, so it counts for nothing'
