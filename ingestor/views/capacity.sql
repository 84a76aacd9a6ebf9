-- What machines had and used, one row per sample.
SELECT
    epoch, seq, recorded_at, agent_id, agent_role,
    capacity_sampled.host AS host, -- which machine
    capacity_sampled.cpu_percent AS cpu_percent, -- of all the processors it may use, since the sample before
    capacity_sampled.cpu_count AS cpu_count, -- processors it may use
    capacity_sampled.load_1m AS load_1m, -- load average, one minute
    capacity_sampled.load_5m AS load_5m, -- load average, five minutes
    capacity_sampled.load_15m AS load_15m, -- load average, fifteen minutes
    capacity_sampled.memory_used_bytes AS memory_used_bytes, -- memory in use
    capacity_sampled.memory_limit_bytes AS memory_limit_bytes, -- memory it may use
    capacity_sampled.swap_used_bytes AS swap_used_bytes, -- swap in use
    capacity_sampled.swap_total_bytes AS swap_total_bytes, -- swap there is
    capacity_sampled.disk_path AS disk_path, -- which file system
    capacity_sampled.disk_used_bytes AS disk_used_bytes, -- disk in use
    capacity_sampled.disk_total_bytes AS disk_total_bytes, -- disk there is
    capacity_sampled.in_container AS in_container, -- the limits are a control group's, not the machine's
    capacity_sampled.gpus AS gpus, -- one element per GPU
    event_id, timestamp, trace_id, span_id, causation_id, correlation_id, subject, warnings
FROM swarm.events
WHERE disposition = 'stored' AND payload_kind = 'capacity_sampled'
