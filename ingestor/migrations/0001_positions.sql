-- Where the record stands: which log is being read, how far it was read, and who may write.
-- Each statement may run twice; a migration that stopped half-way is simply run again.

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
