-- How one number of the pulses went in a time, in stretches of the same length.
WITH multiIf(
    {name:String} = 'tool_efficacy_score', mean_tool_efficacy_score,
    {name:String} = 'workers', toNullable(toFloat64(workers_alive)),
    {name:String} = 'tasks_waiting', toNullable(toFloat64(tasks_waiting)),
    {name:String} = 'tasks_claimed', toNullable(toFloat64(tasks_claimed)),
    {name:String} = 'tasks_completed', toNullable(toFloat64(tasks_completed)),
    {name:String} = 'tasks_failed', toNullable(toFloat64(tasks_failed)),
    {name:String} = 'cpu_percent', toNullable(cpu_percent),
    {name:String} = 'memory_percent', toNullable(memory_percent),
    {name:String} = 'ingest_lag', toNullable(toFloat64(ingest_lag)),
    arrayFirst(each -> each.name = {name:String}, indicators).value
) AS number
SELECT
    {since:Int64} + intDiv(toUnixTimestamp64Micro(p.recorded_at) - {since:Int64}, {width_microseconds:Int64}) * {width_microseconds:Int64} AS from_at,
    avg(number) AS mean,
    min(number) AS least,
    max(number) AS greatest
FROM swarm.pulses AS p
WHERE p.recorded_at >= fromUnixTimestamp64Micro({since:Int64}) AND p.recorded_at < fromUnixTimestamp64Micro({until:Int64})
GROUP BY from_at
HAVING isNotNull(mean)
ORDER BY from_at
LIMIT {most:UInt64}
