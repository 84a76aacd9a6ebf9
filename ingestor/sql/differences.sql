-- Positions of a stretch whose row is not what it must be: there, by whom, and whether its bytes or what was read of them differ.
-- Of what was stored without its secrets another version may have taken out more or less: `vouched` says that bytes and reason
-- agree all the same, by the digest of the log's bytes that the reason names.
-- What the engine refused is parked with its bytes: only those are compared. What a repeat repeats may have aged out.
SELECT
    must.seq,
    kept.there,
    kept.writer,
    must.facts != kept.facts AS other_facts,
    startsWith(must.reason, {redacted:String})
        AND (must.reason = kept.reason OR endsWith(must.reason, lower(hex(SHA256(kept.raw)))))
        OR startsWith(kept.reason, {redacted:String}) AND endsWith(kept.reason, lower(hex(SHA256(must.raw)))) AS vouched,
    must.columns != kept.columns
        AND NOT startsWith(kept.reason, {refused:String})
        AND NOT ({aged:Bool} AND kept.disposition = 'duplicate' AND must.disposition = 'stored') AS other_columns
FROM
(
    SELECT
        seq,
        disposition,
        reason,
        raw,
        sipHash128(formatRow('RowBinary', %FACTS%)) AS facts,
        sipHash128(formatRow('RowBinary', %COLUMNS%)) AS columns
    FROM (%ROW%)
    WHERE epoch = {epoch:UInt64} AND seq BETWEEN {first:UInt64} AND {last:UInt64}
) AS must
LEFT JOIN
(
    SELECT
        seq,
        1 AS there,
        writer,
        reason,
        raw,
        disposition,
        sipHash128(formatRow('RowBinary', %FACTS%)) AS facts,
        sipHash128(formatRow('RowBinary', %COLUMNS%)) AS columns
    FROM swarm.events
    WHERE epoch = {epoch:UInt64} AND seq BETWEEN {first:UInt64} AND {last:UInt64}
) AS kept USING seq
WHERE other_facts OR other_columns OR NOT there
ORDER BY seq
