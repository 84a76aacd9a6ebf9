-- How many rows, and of how many positions, each stretch of an epoch has. Reads two columns that take nearly no room.
SELECT intDiv(seq, {size:UInt64}) AS stretch, count(), groupBitmap(seq)
FROM swarm.events
WHERE epoch = {epoch:UInt64} AND seq BETWEEN {first:UInt64} AND {last:UInt64}
GROUP BY stretch
ORDER BY stretch
