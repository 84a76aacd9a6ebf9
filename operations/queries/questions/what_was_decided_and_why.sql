-- The last decisions, with what was turned down.
SELECT recorded_at, agent_id, chosen_action, rationale, rejected_alternatives, confidence_score, event_id
FROM swarm.decisions
ORDER BY epoch DESC, seq DESC
LIMIT 100
