-- Positions with more than one row. Reads in the order of the sort key, so memory does not grow with the table.
SELECT seq
FROM swarm.events
WHERE epoch = {epoch:UInt64}
GROUP BY epoch, seq
HAVING count() > 1
ORDER BY epoch, seq
LIMIT {listed:UInt64}
SETTINGS optimize_aggregation_in_order = 1
