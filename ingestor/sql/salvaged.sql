-- What was read from damaged parts, of a stretch.
SELECT seq, subject, toUnixTimestamp64Nano(recorded_at), base64Encode(raw)
FROM swarm.salvaged FINAL
WHERE epoch = {epoch:UInt64} AND seq BETWEEN {first:UInt64} AND {last:UInt64}
ORDER BY epoch, seq
