-- What could not be read, and why. The bytes are kept.
SELECT
    epoch, seq, recorded_at, subject,
    reason, -- why it could not be read
    length(raw) AS size_bytes, -- length of the bytes
    raw
FROM swarm.events
WHERE disposition = 'parked'
