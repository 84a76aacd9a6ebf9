-- Dollars and tokens, by agent and model.
SELECT agent_id, model, sum(cost_usd) AS usd, sum(input_tokens) AS read, sum(output_tokens) AS written, count() AS outcomes
FROM swarm.outcomes
GROUP BY agent_id, model
ORDER BY usd DESC
LIMIT 100
