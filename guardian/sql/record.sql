-- How far ClickHouse is, and what was parked behind the last parked position that is known.
WITH (SELECT max(epoch) FROM swarm.epochs) AS current_epoch
SELECT
    current_epoch AS epoch,
    greatest(
        (SELECT ifNull(max(seq), 0) FROM
            (SELECT seq FROM swarm.events WHERE epoch = current_epoch ORDER BY epoch DESC, seq DESC LIMIT 1)),
        (SELECT ifNull(max(seq), 0) FROM swarm.watermarks WHERE epoch = current_epoch)
    ) AS watermark,
    (SELECT (count(), min(seq), max(seq)) FROM swarm.events
        WHERE epoch = current_epoch AND disposition = 'parked'
        AND seq > if(current_epoch = {parked_epoch:UInt64}, {parked_sequence:UInt64}, 0)) AS parked
FROM swarm.epochs
LIMIT 1
