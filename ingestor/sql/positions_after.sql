-- Rows of an epoch in their order, with the exact bytes, so that they can be published again.
-- An empty disposition stands for all of them.
SELECT
    seq,
    subject,
    toUnixTimestamp64Nano(recorded_at) AS recorded_at_nanoseconds,
    toString(disposition) AS disposition,
    reason,
    event_id,
    base64Encode(raw) AS raw_base64
FROM swarm.events
WHERE epoch = {epoch:UInt64} AND seq > {after_seq:UInt64}
    AND ({disposition:String} = '' OR disposition = {disposition:String})
ORDER BY epoch, seq
LIMIT {limit:UInt64}
