-- What is held at one position, from the table or from the watermark that outlived it.
SELECT event_id, recorded_at_nanoseconds, sha256 FROM
(
    SELECT 1 AS place, event_id, toUnixTimestamp64Nano(recorded_at) AS recorded_at_nanoseconds, if(match(reason, 'SHA-256 [0-9a-f]{64}$'), upper(extract(reason, 'SHA-256 ([0-9a-f]{64})$')), hex(SHA256(raw))) AS sha256
    FROM swarm.events
    WHERE epoch = {epoch:UInt64} AND seq = {seq:UInt64}
    UNION ALL
    SELECT 2 AS place, event_id, toUnixTimestamp64Nano(recorded_at) AS recorded_at_nanoseconds, hex(raw_sha256) AS sha256
    FROM swarm.watermarks
    WHERE epoch = {epoch:UInt64} AND seq = {seq:UInt64}
)
ORDER BY place
LIMIT 1
