-- The last position of the current epoch: in the table, or in the row that outlives the table's oldest rows.
WITH (SELECT max(epoch) FROM swarm.epochs) AS current_epoch
SELECT
    current_epoch AS epoch,
    greatest(
        (SELECT ifNull(max(seq), 0) FROM
            (SELECT seq FROM swarm.events WHERE epoch = current_epoch ORDER BY epoch DESC, seq DESC LIMIT 1)),
        (SELECT ifNull(max(seq), 0) FROM swarm.watermarks WHERE epoch = current_epoch)
    ) AS seq
FROM swarm.epochs
LIMIT 1
