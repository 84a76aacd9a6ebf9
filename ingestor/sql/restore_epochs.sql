-- Epochs that are gone from swarm.epochs, so far as rows tell that their own bytes bear out.
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
WHERE epoch IN ({lost:Array(UInt64)}) AND (%BORNE_OUT%)
GROUP BY epoch
