-- The bytes of rows, to fill them anew from themselves.
SELECT seq, subject, toUnixTimestamp64Nano(recorded_at), base64Encode(raw), toString(disposition), reason
FROM swarm.events
WHERE epoch = {epoch:UInt64} AND seq BETWEEN {first:UInt64} AND {last:UInt64}
ORDER BY epoch, seq
