-- How far was recorded, as the one that records knows it: no row has to be read for it. Nothing when it is there already.
INSERT INTO swarm.watermarks (epoch, seq, recorded_at, event_id, raw_sha256, written_at)
SELECT
    {epoch:UInt64},
    {seq:UInt64},
    fromUnixTimestamp64Nano({recorded_at_nanoseconds:Int64}, 'UTC'),
    {event_id:String},
    unhex({raw_sha256:String}),
    now64(9, 'UTC')
FROM swarm.watermarks
WHERE epoch = {epoch:UInt64}
HAVING ifNull(max(seq), 0) < {seq:UInt64}
