-- A new epoch, once: repeating the statement changes nothing.
INSERT INTO swarm.epochs (epoch, opened_at, reason, stream_created, first_seq, forked_from_seq, holder)
SELECT
    {epoch:UInt64},
    now64(9, 'UTC'),
    {reason:String},
    fromUnixTimestamp64Nano({stream_created_nanoseconds:Int64}, 'UTC'),
    {first_seq:UInt64},
    {forked_from_seq:UInt64},
    {holder:String}
FROM swarm.epochs
HAVING ifNull(max(epoch), 0) < {epoch:UInt64}
