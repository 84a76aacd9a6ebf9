-- What it takes to notice damage and to mend it: with which reading each writer wrote, who may mend, how far the audit is.
-- A table whose parts are broken must open all the same: the broken ones are set aside, the audit finds what is missing.

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
