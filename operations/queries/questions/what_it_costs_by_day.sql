-- Dollars and tokens, by day.
SELECT toDate(recorded_at) AS day, sum(cost_usd) AS usd, sum(input_tokens) + sum(output_tokens) AS tokens
FROM swarm.outcomes
GROUP BY day
ORDER BY day
