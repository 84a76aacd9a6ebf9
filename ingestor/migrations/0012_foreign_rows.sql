-- Where a repair keeps rows that the log never had, before it takes them out of swarm.events.

CREATE TABLE IF NOT EXISTS swarm.foreign_rows
(
    epoch UInt64 COMMENT 'as the row had it',
    seq UInt64 COMMENT 'as the row had it',
    row String COMMENT 'the whole row, as JSON',
    raw String COMMENT 'its bytes, exactly',
    mender UInt64 COMMENT 'the repair that took it out, see swarm.menders',
    removed_at DateTime64(9, 'UTC') COMMENT 'when'
)
ENGINE = MergeTree
ORDER BY (epoch, seq, removed_at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Rows that somebody else wrote into swarm.events and that the log never had; a repair took them out. Nothing is ever filled from here.';
