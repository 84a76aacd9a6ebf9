-- How far is the current epoch recorded, when was that position made, and what was parked of late? No row before the first epoch.
WITH
    (SELECT max(epoch) FROM swarm.epochs) AS current_epoch,
    (
        SELECT (ifNull(max(seq), 0), ifNull(max(at), 0)) FROM
        (
            SELECT seq, toUnixTimestamp64Nano(recorded_at) AS at FROM swarm.events
            WHERE epoch = current_epoch
            ORDER BY epoch DESC, seq DESC
            LIMIT 1
        )
    ) AS in_table
SELECT
    current_epoch AS epoch,
    greatest(
        in_table.1, (SELECT ifNull(max(seq), 0) FROM swarm.watermarks WHERE epoch = current_epoch)
    ) AS watermark,
    in_table.2 AS recorded_at_nanoseconds,
    (
        SELECT count() FROM swarm.events
        WHERE disposition = 'parked' AND recorded_at > now64(9) - INTERVAL 1 DAY
    ) AS parked
FROM swarm.epochs
LIMIT 1
