-- How well finished tasks were done, computed anew from result, duration and changed files.
SELECT
    epoch, seq, recorded_at,
    task_acknowledged.task_id AS task_id, -- which task
    task_acknowledged.objective_id AS objective_id, -- the objective it served
    task_acknowledged.action AS action, -- what was done
    task_acknowledged.worker_id AS worker_id, -- of the last attempt; empty: nobody ever had it
    task_acknowledged.attempts AS attempts, -- how often it was claimed
    task_acknowledged.result AS result, -- how it ended
    task_acknowledged.duration_seconds AS duration_seconds, -- of the last attempt
    length(task_acknowledged.changed_files) AS changed_files, -- how many
    %STABILITY% AS stability, -- 1 done without failure, 0.6 checks failed and nothing applied, 0.2 applied and checks failed, otherwise 0
    %VELOCITY% AS velocity, -- 1 up to 90 s, 0 from 900 s, linear between
    %FOOTPRINT% AS footprint, -- 1 up to one changed file, 0 from ten, linear between
    %SCORE% AS tool_efficacy_score, -- TES: 100 × (0.5 stability + 0.3 velocity + 0.2 footprint)
    task_acknowledged.tool_efficacy_score AS recorded_tool_efficacy_score, -- TES as the overseer wrote it down
    event_id, trace_id
FROM swarm.events
WHERE heard AND payload_kind = 'task_acknowledged'
