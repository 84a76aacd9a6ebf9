-- The life of the processes of `ganglion up`: one row per start and per exit.
SELECT
    epoch, seq, recorded_at, agent_id, agent_role,
    if(payload_kind = 'process_started', process_started.name, process_exited.name) AS name, -- which process
    if(payload_kind = 'process_started', 'started', 'exited') AS change, -- started or exited
    if(payload_kind = 'process_started', process_started.pid, process_exited.pid) AS pid, -- process id
    if(payload_kind = 'process_started', process_started.attempt, process_exited.attempt) AS attempt, -- 1 at first, counted up by restarts
    if(payload_kind = 'process_exited', process_exited.exit_code, NULL) AS exit_code, -- NULL for a start; negative: the signal that ended it
    if(payload_kind = 'process_exited', process_exited.restart_in_seconds, NULL) AS restart_in_seconds, -- NULL for a start
    event_id, timestamp, trace_id, span_id, causation_id, correlation_id, subject, warnings
FROM swarm.events
WHERE disposition = 'stored' AND payload_kind IN ('process_started', 'process_exited')
