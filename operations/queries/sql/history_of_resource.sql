-- The chain of one resource's states from the first on, with who changed it, and the decision that led to it.
SELECT
    changes.seq AS seq,
    changes.agent_id AS agent_id,
    changes.agent_role AS agent_role,
    changes.previous_state_hash AS previous_state_hash,
    changes.new_state_hash AS new_state_hash,
    changes.external AS external,
    changes.event_id AS event_id,
    changes.trace_id AS trace_id,
    changes.causation_id AS causation_id,
    causes.chosen_action AS chosen_action,
    causes.rationale AS rationale,
    toUnixTimestamp64Micro(changes.recorded_at) AS recorded_at
FROM
(
    SELECT *
    FROM swarm.state_changes
    WHERE workspace = {workspace:String} AND target_resource = {resource:String} AND target_type = {type:String}
) AS changes
LEFT ANY JOIN
(
    SELECT event_id, chosen_action, rationale
    FROM swarm.decisions
    WHERE event_id IN
    (
        SELECT causation_id
        FROM swarm.state_changes
        WHERE workspace = {workspace:String} AND target_resource = {resource:String} AND target_type = {type:String} AND causation_id != ''
    )
) AS causes ON causes.event_id = changes.causation_id
ORDER BY changes.epoch, changes.seq
