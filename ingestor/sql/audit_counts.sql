-- How many positions an epoch has and what became of them.
SELECT
    ifNull(min(seq), 0),
    ifNull(max(seq), 0),
    count(),
    countIf(disposition = 'stored'),
    countIf(disposition = 'parked'),
    countIf(disposition = 'duplicate')
FROM swarm.events
WHERE epoch = {epoch:UInt64}
