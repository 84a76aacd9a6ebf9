-- The rows that have none yet, from what was decoded; refused as the fence refuses where another repair has begun.
INSERT INTO swarm.events (%ALL%)
SELECT %ALL%
FROM (%ROW%)
WHERE throwIf((SELECT ifNull(max(number), 0) FROM swarm.menders) != {number:UInt64}, 'another repair has begun') = 0
    AND epoch = {epoch:UInt64}
    AND seq NOT IN (SELECT seq FROM swarm.events WHERE epoch = {epoch:UInt64} AND seq BETWEEN {first:UInt64} AND {last:UInt64})
