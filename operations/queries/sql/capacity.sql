-- What machines had and used in a time, in stretches of the same length.
SELECT
    host,
    {since:Int64} + intDiv(toUnixTimestamp64Micro(c.recorded_at) - {since:Int64}, {width_microseconds:Int64}) * {width_microseconds:Int64} AS from_at,
    avg(c.cpu_percent) AS cpu_percent,
    max(c.cpu_percent) AS max_cpu_percent,
    argMax(c.cpu_count, (epoch, seq)) AS cpu_count,
    avg(c.load_1m) AS load_1m,
    toUInt64(avg(c.memory_used_bytes)) AS memory_used_bytes,
    argMax(c.memory_limit_bytes, (epoch, seq)) AS memory_limit_bytes,
    toUInt64(avg(c.swap_used_bytes)) AS swap_used_bytes,
    argMax(c.disk_used_bytes, (epoch, seq)) AS disk_used_bytes,
    argMax(c.disk_total_bytes, (epoch, seq)) AS disk_total_bytes,
    if(max(length(c.gpus)) = 0, NULL, avgArray(c.gpus.utilization_percent)) AS gpu_percent
FROM swarm.capacity AS c
WHERE c.recorded_at >= fromUnixTimestamp64Micro({since:Int64}) AND c.recorded_at < fromUnixTimestamp64Micro({until:Int64})
GROUP BY host, from_at
ORDER BY host, from_at
LIMIT {most:UInt64}
