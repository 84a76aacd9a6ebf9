-- Bytes of a damaged part, so far as they can be read, to where they are kept.
INSERT INTO swarm.salvaged (epoch, seq, subject, recorded_at, raw, mender)
SELECT epoch, seq, subject, recorded_at, raw, {mender:UInt64}
FROM swarm.events
WHERE _part = {part:String} AND epoch = {epoch:UInt64} AND seq BETWEEN {first:UInt64} AND {last:UInt64}
