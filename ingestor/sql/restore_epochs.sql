-- Epochs that rows belong to and that are gone from swarm.epochs, so far as the rows tell.
INSERT INTO swarm.epochs (epoch, opened_at, reason, stream_created, first_seq, forked_from_seq, holder)
SELECT
    epoch,
    now64(9, 'UTC'),
    'a repair found it in the rows',
    fromUnixTimestamp64Nano({stream_created_nanoseconds:Int64}, 'UTC'),
    min(seq),
    min(seq) - 1,
    ''
FROM swarm.events
WHERE epoch NOT IN (SELECT epoch FROM swarm.epochs)
GROUP BY epoch
