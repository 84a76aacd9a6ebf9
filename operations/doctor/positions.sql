-- Is every position of the current epoch there once? Without holes and doubles, the rows are as many as the positions.
SELECT
    epoch,
    min(seq) AS first_seq,
    max(seq) AS last_seq,
    count() AS positions,
    countIf(disposition = 'stored') AS stored,
    countIf(disposition = 'parked') AS parked,
    countIf(disposition = 'duplicate') AS duplicates
FROM swarm.events
WHERE epoch = (SELECT max(epoch) FROM swarm.events)
GROUP BY epoch
