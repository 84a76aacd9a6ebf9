-- Positions of a stretch whose row is not what it must be: there, by whom, and whether its bytes or what was read of them differ.
-- What the engine refused is parked with its bytes: only those are compared. What a repeat repeats may have aged out.
SELECT
    must.seq,
    kept.there,
    kept.writer,
    must.facts != kept.facts AS other_facts,
    must.columns != kept.columns
        AND NOT startsWith(kept.reason, {refused:String})
        AND NOT ({aged:Bool} AND kept.disposition = 'duplicate' AND must.disposition = 'stored') AS other_columns
FROM
(
    SELECT
        seq,
        disposition,
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
        disposition,
        sipHash128(formatRow('RowBinary', %FACTS%)) AS facts,
        sipHash128(formatRow('RowBinary', %COLUMNS%)) AS columns
    FROM swarm.events
    WHERE epoch = {epoch:UInt64} AND seq BETWEEN {first:UInt64} AND {last:UInt64}
) AS kept USING seq
WHERE other_facts OR other_columns OR NOT there
ORDER BY seq
