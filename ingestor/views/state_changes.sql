-- What was changed: the links of each resource's chain of states.
SELECT
    epoch, seq, recorded_at, agent_id, agent_role,
    state_change.workspace AS workspace, -- the repository or folder it is in; empty when not given
    state_change.target_type AS target_type, -- FILE_SYSTEM, ENV_VAR, DB_SCHEMA …
    state_change.target_resource AS target_resource, -- which file, variable, schema …
    state_change.previous_state_hash AS previous_state_hash, -- empty: it did not exist
    state_change.new_state_hash AS new_state_hash, -- empty: it no longer exists
    state_change.diff_patch AS diff_patch, -- unified diff for files, JSON of the new value for variables
    state_change.is_reversible AS is_reversible, -- whether it can be undone from the diff
    state_change.truncated AS truncated, -- the diff was left out
    state_change.external AS external, -- nobody in the swarm did this: it was found changed
    attribution.*,
    event_id, timestamp, trace_id, span_id, causation_id, correlation_id, subject, warnings
FROM swarm.events
WHERE disposition = 'stored' AND payload_kind = 'state_change'
