-- What breaks the contracts in events that were stored all the same: a view of its own, so that it can be counted.

CREATE OR REPLACE VIEW swarm.warnings
(
    epoch UInt64 COMMENT 'life of the stream, see swarm.epochs',
    seq UInt64 COMMENT 'sequence of the stream; (epoch, seq) is the position',
    recorded_at DateTime64(9, 'UTC') COMMENT 'the stream''s time, UTC',
    warning LowCardinality(String) COMMENT 'what is wrong with it; an event has a row for each',
    subject String COMMENT 'NATS subject',
    payload_kind LowCardinality(String) COMMENT 'which kind of event it is',
    agent_role LowCardinality(String) COMMENT 'who says that it speaks: architect, coder, reviewer, operator, or a service',
    agent_id LowCardinality(String) COMMENT 'which one of that role',
    event_id String COMMENT 'id of the event',
    trace_id String COMMENT 'W3C trace id'
)
AS SELECT
    epoch,
    seq,
    recorded_at,
    arrayJoin(warnings) AS warning,
    subject,
    payload_kind,
    agent_role,
    agent_id,
    event_id,
    trace_id
FROM swarm.events
WHERE notEmpty(warnings) AND disposition = 'stored'
COMMENT 'What breaks the contracts in events that were stored all the same.';
