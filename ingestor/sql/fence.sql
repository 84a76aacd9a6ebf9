-- Who may write, and to which epoch: what swarm.landing_to_events compares with.
SELECT
    (SELECT ifNull(max(number), 0) FROM swarm.writers) AS last_writer,
    (SELECT ifNull(max(epoch), 0) FROM swarm.epochs) AS last_epoch
