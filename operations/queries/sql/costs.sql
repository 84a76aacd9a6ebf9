-- What the outcomes of actions cost that were recorded up to a time: in all, and lately.
SELECT
    sum(ifNull(cost_usd, 0)) AS usd,
    sumIf(ifNull(cost_usd, 0), o.recorded_at >= fromUnixTimestamp64Micro({since:Int64})) AS lately_usd,
    sum(ifNull(input_tokens, 0) + ifNull(output_tokens, 0)) AS tokens
FROM swarm.outcomes AS o
WHERE o.recorded_at < fromUnixTimestamp64Micro({until:Int64})
