-- A worker may say which actions it knows. The view between the two tables hands the tuple on as it is.

ALTER TABLE swarm.events
    MODIFY COLUMN claim_requested Tuple(
        worker_id String,
        skills Array(String),
        free_cpu_count Float64,
        free_memory_bytes UInt64,
        actions Array(String)
    ) COMMENT 'a worker asked for a task and got one' CODEC(ZSTD(1));

ALTER TABLE swarm.landing
    MODIFY COLUMN claim_requested Tuple(
        worker_id String,
        skills Array(String),
        free_cpu_count Float64,
        free_memory_bytes UInt64,
        actions Array(String)
    ) COMMENT 'see swarm.events';
