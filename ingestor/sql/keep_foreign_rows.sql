-- Rows that the log never had, before they are taken out.
INSERT INTO swarm.foreign_rows (epoch, seq, row, raw, mender, removed_at)
SELECT epoch, seq, formatRowNoNewline('JSONEachRow', *), raw, {mender:UInt64}, now64(9, 'UTC')
FROM swarm.events
WHERE %WHERE%
