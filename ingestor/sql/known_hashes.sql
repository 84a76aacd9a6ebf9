-- Which of these ids may be stored: one pass over a column of 8 bytes a row, however many ids there are.
-- The hashes come packed and in base64: a server takes no form field above 128 KiB.
SELECT DISTINCT event_hash
FROM swarm.events
WHERE event_hash IN
(
    WITH base64Decode({hashes:String}) AS packed
    SELECT reinterpretAsUInt64(substring(packed, 1 + 8 * number, 8))
    FROM numbers({count:UInt64})
)
SETTINGS use_query_condition_cache = 0
