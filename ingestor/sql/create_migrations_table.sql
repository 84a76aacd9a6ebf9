-- What was done to this schema. Exists before the first migration, so it is not one.
CREATE TABLE IF NOT EXISTS swarm.migrations
(
    number UInt32 COMMENT 'number of the migration: 1, 2, 3 …',
    name String COMMENT 'what it is called',
    checksum String COMMENT 'SHA-256 of its text, hex; an applied migration never changes',
    applied_at DateTime64(9, 'UTC') COMMENT 'when it was done'
)
ENGINE = MergeTree
ORDER BY number
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'The migrations that were applied to this database.'
