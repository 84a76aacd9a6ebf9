-- What came of decisions: one row per finished action.
SELECT
    epoch, seq, recorded_at, agent_id, agent_role,
    action_outcome.decision_event_id AS decision_event_id, -- event id of the decision
    action_outcome.status AS status, -- succeeded, failed, cancelled or unspecified
    action_outcome.exit_code AS exit_code, -- NULL when there was none
    action_outcome.output AS output, -- what it printed, bounded
    action_outcome.output_truncated AS output_truncated, -- whether output was cut
    action_outcome.duration_seconds AS duration_seconds, -- NULL when not given
    action_outcome.cost_usd AS cost_usd, -- NULL when not given
    action_outcome.input_tokens AS input_tokens, -- NULL when not given
    action_outcome.output_tokens AS output_tokens, -- NULL when not given
    action_outcome.cache_read_input_tokens AS cache_read_input_tokens, -- of the input tokens, those read from the provider's cache; NULL when not given
    action_outcome.cache_write_input_tokens AS cache_write_input_tokens, -- of the input tokens, those written to it; NULL when not given
    action_outcome.reasoning_output_tokens AS reasoning_output_tokens, -- of the output tokens, those spent on reasoning; NULL when not given
    action_outcome.cost_provenance AS cost_provenance, -- where the cost is known from: reported, estimated, unknown or unspecified
    action_outcome.price_table AS price_table, -- which prices an estimate is made from
    attribution.*,
    event_id, timestamp, trace_id, span_id, causation_id, correlation_id, subject, warnings
FROM swarm.events
WHERE disposition = 'stored' AND payload_kind = 'action_outcome'
