-- Of each stretch of time up to now, how many seconds the system was degraded or halted.
WITH
    toUnixTimestamp64Micro(m.recorded_at) AS begin,
    if(isNull(until), {now:Int64}, least(toUnixTimestamp64Micro(assumeNotNull(until)), {now:Int64})) AS end
SELECT
    window_seconds,
    sum(greatest(0, end - greatest(begin, {now:Int64} - window_seconds * 1000000))) / 1000000 AS bad_seconds
FROM swarm.system_modes AS m
ARRAY JOIN {windows:Array(UInt32)} AS window_seconds
WHERE mode != 'operational' AND m.recorded_at <= fromUnixTimestamp64Micro({now:Int64})
GROUP BY window_seconds
