-- Who wrote the rows next to a run without any; 0: nobody.
SELECT
    (SELECT ifNull(max(writer), 0) FROM
        (SELECT writer FROM swarm.events WHERE epoch = {epoch:UInt64} AND seq < {first:UInt64} ORDER BY epoch DESC, seq DESC LIMIT 1)),
    (SELECT ifNull(max(writer), 0) FROM
        (SELECT writer FROM swarm.events WHERE epoch = {epoch:UInt64} AND seq > {last:UInt64} ORDER BY epoch, seq LIMIT 1))
