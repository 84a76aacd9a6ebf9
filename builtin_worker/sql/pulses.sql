-- The last pulses, the newest first.
SELECT
    toUnixTimestamp64Nano(recorded_at) AS at_nanoseconds,
    pulse_completed.number AS number,
    pulse_completed.system_mode AS system_mode,
    pulse_completed.interval_seconds AS interval_seconds,
    pulse_completed.memory_percent AS memory_percent,
    pulse_completed.ingest_lag AS ingest_lag,
    pulse_completed.mean_tool_efficacy_score AS tool_efficacy_score,
    arrayFirst(each -> each.name = 'uptime_percent', pulse_completed.indicators).value AS uptime
FROM swarm.events
WHERE payload_kind = 'pulse_completed' AND disposition = 'stored'
ORDER BY epoch DESC, seq DESC
LIMIT {pulses:UInt32}
