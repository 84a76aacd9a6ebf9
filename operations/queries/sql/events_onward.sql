-- Events in the order of the record, behind a position and up to one: as many as `most`, and as fit in `max_bytes`, but one at least.
SELECT epoch, seq, subject, microseconds, base64Encode(raw) AS raw
FROM
(
    SELECT
        *,
        sum(length(raw)) OVER (ORDER BY epoch, seq ROWS UNBOUNDED PRECEDING) AS size_bytes,
        row_number() OVER (ORDER BY epoch, seq) AS number
    FROM
    (
        SELECT epoch, seq, subject, toUnixTimestamp64Micro(recorded_at) AS microseconds, raw
        FROM swarm.events
        WHERE disposition = 'stored'
            AND (epoch, seq) > ({after_epoch:UInt32}, {after_seq:UInt64})
            AND (epoch, seq) <= ({last_epoch:UInt32}, {last_seq:UInt64})
        ORDER BY epoch, seq
        LIMIT {most:UInt64}
    )
)
WHERE number = 1 OR size_bytes <= {max_bytes:UInt64}
ORDER BY epoch, seq
