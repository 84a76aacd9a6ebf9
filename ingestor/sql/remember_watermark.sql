-- Copies the last row's position to where no TTL reaches. Nothing when it is there already.
INSERT INTO swarm.watermarks (epoch, seq, recorded_at, event_id, raw_sha256, written_at)
SELECT
    epoch,
    seq,
    recorded_at,
    event_id,
    -- Of what is on the log: a row that was redacted says of itself what that is.
    if(match(reason, 'SHA-256 [0-9a-f]{64}$'), toFixedString(unhex(extract(reason, 'SHA-256 ([0-9a-f]{64})$')), 32), SHA256(raw)),
    now64(9, 'UTC')
FROM swarm.events
WHERE epoch = (SELECT max(epoch) FROM swarm.epochs)
    AND writer > 0 AND subject != ''
    AND seq > (SELECT ifNull(max(seq), 0) FROM swarm.watermarks WHERE epoch = (SELECT max(epoch) FROM swarm.epochs))
ORDER BY epoch DESC, seq DESC
LIMIT 1
