-- Bytes of positions with more than one row, where all of them say the same.
INSERT INTO swarm.salvaged (epoch, seq, subject, recorded_at, raw, mender)
SELECT epoch, seq, any(subject), any(recorded_at), any(raw), {mender:UInt64}
FROM swarm.events
WHERE epoch = {epoch:UInt64} AND seq BETWEEN {first:UInt64} AND {last:UInt64}
GROUP BY epoch, seq
HAVING count() > 1 AND uniqExact((subject, recorded_at, raw)) = 1
