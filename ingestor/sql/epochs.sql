-- The lives of the stream, oldest first.
SELECT
    epoch,
    toUnixTimestamp64Nano(argMin(e.opened_at, e.opened_at)) AS opened_at_nanoseconds,
    argMin(e.reason, e.opened_at) AS reason,
    toUnixTimestamp64Nano(argMin(e.stream_created, e.opened_at)) AS stream_created_nanoseconds,
    argMin(e.first_seq, e.opened_at) AS first_seq,
    argMin(e.forked_from_seq, e.opened_at) AS forked_from_seq,
    argMin(e.holder, e.opened_at) AS holder
FROM swarm.epochs AS e
GROUP BY epoch
ORDER BY epoch
