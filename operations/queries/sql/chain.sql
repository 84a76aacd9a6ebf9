-- The last changes of one resource up to a position, the first first, each with the decision that led to it.
SELECT
    changes.epoch AS epoch,
    changes.seq AS position,
    toUnixTimestamp64Micro(changes.recorded_at) AS recorded_at,
    changes.event_id AS event_id,
    changes.trace_id AS trace_id,
    changes.causation_id AS causation_id,
    changes.agent_id AS agent_id,
    changes.agent_role AS agent_role,
    changes.model AS model,
    changes.previous_state_hash AS previous_hash,
    changes.new_state_hash AS new_hash,
    changes.diff_patch AS diff,
    changes.truncated AS truncated,
    changes.external AS external,
    causes.chosen_action AS chosen_action,
    causes.rationale AS rationale,
    causes.rejected_alternatives AS rejected_alternatives,
    causes.confidence AS confidence
FROM
(
    SELECT *
    FROM swarm.state_changes
    WHERE workspace = {workspace:String} AND target_resource = {resource:String} AND target_type = {type:String}
        AND (epoch, seq) <= ({epoch:UInt32}, {position:UInt64})
    ORDER BY epoch DESC, seq DESC
    LIMIT {most:UInt64}
) AS changes
LEFT ANY JOIN
(
    SELECT
        event_id,
        chosen_action,
        leftUTF8(decisions.rationale, 4000) AS rationale,
        arrayMap(each -> leftUTF8(each, 1000), arraySlice(decisions.rejected_alternatives, 1, 20)) AS rejected_alternatives,
        confidence_score AS confidence
    FROM swarm.decisions AS decisions
    WHERE event_id IN
    (
        SELECT causation_id
        FROM swarm.state_changes
        WHERE workspace = {workspace:String} AND target_resource = {resource:String} AND target_type = {type:String} AND causation_id != ''
    )
) AS causes ON causes.event_id = changes.causation_id
ORDER BY epoch, position
