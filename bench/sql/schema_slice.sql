-- The slice once more, later, under other ids and traces.
INSERT INTO swarm.events (epoch, seq, subject, recorded_at, disposition, event_id, timestamp, trace_id, span_id, agent_role, agent_id, event_type, correlation_id, producer_session, producer_sequence, payload_kind, decision, state_change, action_outcome, capacity_sampled, raw, writer)
SELECT * REPLACE (
    seq + {first} AS seq,
    recorded_at + toIntervalSecond({offset_seconds}) AS recorded_at,
    timestamp + toIntervalSecond({offset_seconds}) AS timestamp,
    toString(generateUUIDv4(seq)) AS event_id,
    lower(hex(sipHash128(trace_id, {first}))) AS trace_id,
    (capacity_sampled.1, capacity_sampled.2, capacity_sampled.3, capacity_sampled.4, capacity_sampled.5, capacity_sampled.6,
        capacity_sampled.7, capacity_sampled.8, capacity_sampled.9, capacity_sampled.10, capacity_sampled.11,
        capacity_sampled.12, capacity_sampled.13, capacity_sampled.14, []) AS capacity_sampled
)
FROM file('{file}', Native)
SETTINGS use_structure_from_insertion_table_in_table_functions = 0, max_insert_block_size = 250000,
    min_insert_block_size_rows = 250000, min_insert_block_size_bytes = 0,
    max_insert_threads = 1
