-- Decisions, the last first, with how each ended: of an agent, since a time, behind a position; or one of them.
WITH page AS
(
    SELECT *
    FROM swarm.decisions AS d
    WHERE ({event_id:String} = '' OR event_id = {event_id:String})
        AND ({agent_id:String} = '' OR agent_id = {agent_id:String})
        AND d.recorded_at >= fromUnixTimestamp64Micro({since:Int64})
        AND ({before_epoch:UInt32} = 0 OR (epoch, seq) < ({before_epoch:UInt32}, {before_seq:UInt64}))
    ORDER BY epoch DESC, seq DESC
    LIMIT {most:UInt64}
)
SELECT
    page.epoch AS epoch,
    page.seq AS position,
    toUnixTimestamp64Micro(page.recorded_at) AS recorded_at,
    page.event_id AS event_id,
    page.trace_id AS trace_id,
    page.causation_id AS causation_id,
    page.agent_id AS agent_id,
    page.agent_role AS agent_role,
    page.role_name AS role_name,
    page.model AS model,
    leftUTF8(page.chosen_action, {max_characters:UInt64}) AS chosen_action,
    leftUTF8(page.rationale, {max_characters:UInt64}) AS rationale,
    arrayMap(each -> leftUTF8(each, {max_characters:UInt64}), arraySlice(page.rejected_alternatives, 1, 100)) AS rejected_alternatives,
    page.confidence_score AS confidence,
    leftUTF8(page.input_trigger, {max_characters:UInt64}) AS input_trigger,
    ended.status AS outcome,
    ended.cost_usd AS cost_usd
FROM page
LEFT ANY JOIN
(
    SELECT decision_event_id, argMax(status, (epoch, seq)) AS status, sum(cost_usd) AS cost_usd
    FROM swarm.outcomes
    WHERE decision_event_id IN (SELECT event_id FROM page)
    GROUP BY decision_event_id
) AS ended ON ended.decision_event_id = page.event_id
ORDER BY epoch DESC, position DESC
