-- The fence: rows of an ingestor that is not the last to have taken over, or of an epoch that is not the last opened,
-- fail the whole insert (code 395) before anything is written. The guard: rows at or below the last position stored are
-- left out, so a batch that was cut anew after an insert of unknown fate adds only what is missing.
WITH
    (SELECT ifNull(max(number), 0) FROM swarm.writers) AS last_writer,
    (SELECT ifNull(max(epoch), 0) FROM swarm.epochs) AS last_epoch,
    (
        SELECT ifNull(max(seq), 0) FROM
        (
            SELECT seq FROM swarm.events
            WHERE epoch = (SELECT max(epoch) FROM swarm.epochs)
            ORDER BY epoch DESC, seq DESC
            LIMIT 1
        )
    ) AS last_seq
%ROW%
WHERE throwIf(writer != last_writer, 'another ingestor has taken over') = 0
    AND throwIf(epoch != last_epoch, 'this epoch is closed') = 0
    AND seq > last_seq
