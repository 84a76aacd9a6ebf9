-- What was derived from the contract or made from a file, and may be made anew. Exists before any of it.
CREATE TABLE IF NOT EXISTS swarm.definitions
(
    name String COMMENT 'what was made: table, column or view, and its name',
    checksum String COMMENT 'SHA-256 of how it was made, hex; empty: it was dropped',
    version String COMMENT 'of the program that made it; an older one leaves it alone',
    applied_at DateTime64(9, 'UTC') COMMENT 'when it was done'
)
ENGINE = MergeTree
ORDER BY (name, applied_at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'How tables, columns and views of this database were made last.'
