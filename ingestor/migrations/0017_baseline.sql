-- All that is ours and not the contract's: where the record stands, who may write and mend, how far the audit is. It takes the
-- place of migrations 1 to 16, so each statement is true of a database that some of them made.

CREATE TABLE IF NOT EXISTS swarm.epochs
(
    epoch UInt64 COMMENT 'number of this life of the stream: 1, 2, 3 …',
    opened_at DateTime64(9, 'UTC') COMMENT 'when the ingestor opened it (its own clock)',
    reason String COMMENT 'why: first start, or what was found to have happened to the stream',
    stream_created DateTime64(9, 'UTC') COMMENT 'when the server says the stream was created',
    first_seq UInt64 COMMENT 'first stream sequence that belongs to this epoch',
    forked_from_seq UInt64 COMMENT 'last sequence of the epoch before that this epoch still agrees with; 0 for none',
    holder String COMMENT 'the ingestor run that opened it'
)
ENGINE = ReplacingMergeTree
ORDER BY epoch
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'The lives of the stream. Sequences are reused when a stream is truncated or made anew; a position is (epoch, seq).';

CREATE TABLE IF NOT EXISTS swarm.watermarks
(
    epoch UInt64 COMMENT 'the epoch that was read',
    seq UInt64 COMMENT 'every position of the epoch up to this one has been a row of swarm.events',
    recorded_at DateTime64(9, 'UTC') COMMENT 'the stream''s time of that position',
    event_id String COMMENT 'the event id at that position, empty where it was unreadable',
    raw_sha256 FixedString(32) COMMENT 'SHA-256 of the exact bytes at that position',
    written_at DateTime64(9, 'UTC') COMMENT 'when this row was written'
)
ENGINE = ReplacingMergeTree(seq)
ORDER BY epoch
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'How far each epoch was read, written now and then, so that the position outlives the rows that a TTL removes.';

CREATE TABLE IF NOT EXISTS swarm.writers
(
    number UInt64 COMMENT 'grows by one with each take-over; the highest may write',
    holder String COMMENT 'the ingestor run that took over',
    taken_at DateTime64(9, 'UTC') COMMENT 'when it took over'
)
ENGINE = MergeTree
ORDER BY (number, holder)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Who may write to swarm.events. An insert of anyone but the last is refused by the landing view.';

ALTER TABLE swarm.writers
    ADD COLUMN IF NOT EXISTS reading String COMMENT 'digest of how it turned bytes into columns; rows of another are compared in fewer columns';

ALTER TABLE swarm.events MODIFY SETTING max_suspicious_broken_parts = 1000000, max_suspicious_broken_parts_bytes = 1000000000000000;

CREATE TABLE IF NOT EXISTS swarm.menders
(
    number UInt64 COMMENT 'grows by one with each repair that begins; the highest may fill',
    holder String COMMENT 'the repair that began',
    taken_at DateTime64(9, 'UTC') COMMENT 'when it began'
)
ENGINE = MergeTree
ORDER BY (number, holder)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Who may fill holes of swarm.events below the watermark. What anyone but the last would fill is refused.';

CREATE TABLE IF NOT EXISTS swarm.salvaged
(
    epoch UInt64 COMMENT 'see swarm.events',
    seq UInt64 COMMENT 'see swarm.events',
    subject String COMMENT 'see swarm.events',
    recorded_at DateTime64(9, 'UTC') COMMENT 'see swarm.events',
    raw String COMMENT 'see swarm.events',
    mender UInt64 COMMENT 'the repair that took it out of a damaged part, see swarm.menders'
)
ENGINE = ReplacingMergeTree
ORDER BY (epoch, seq)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Positions that were read from damaged parts because the stream no longer had them: a source for filling, kept.';

CREATE TABLE IF NOT EXISTS swarm.audits
(
    subject String COMMENT 'what was looked at: part <name>, or content',
    epoch UInt64 COMMENT 'for content: the epoch that was reached',
    seq UInt64 COMMENT 'for content: the position that was reached',
    looked_at DateTime64(9, 'UTC') COMMENT 'when',
    result String COMMENT 'what was found; empty: it is as it was written'
)
ENGINE = ReplacingMergeTree(looked_at)
ORDER BY subject
TTL toDateTime(looked_at) + toIntervalDay(365)
COMMENT 'How far the audit is, and when each part was last read whole. It begins anew where this is lost.';

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
