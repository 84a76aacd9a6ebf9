-- How many rows each position of a stretch has.
SELECT seq, count()
FROM swarm.events
WHERE epoch = {epoch:UInt64} AND seq BETWEEN {first:UInt64} AND {last:UInt64}
GROUP BY seq
ORDER BY seq
