-- What is wrong with events that were stored all the same, by kind and agent.
SELECT warning, payload_kind, agent_id, count() AS events, any(event_id) AS one_of_them
FROM swarm.warnings
GROUP BY warning, payload_kind, agent_id
ORDER BY events DESC
LIMIT 100
