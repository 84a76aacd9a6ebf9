-- Orders to those who work, with what became of each.
SELECT
    issued.epoch AS epoch, -- life of the stream, see swarm.epochs
    issued.seq AS seq, -- sequence of the stream; (epoch, seq) is the position
    issued.recorded_at AS recorded_at, -- the stream's time, UTC
    issued.event_id AS command_id, -- id of the event that is the command
    issued.command_issued.kind AS kind, -- throttle, sleep, release, clean_up, drain, stop or unspecified
    issued.command_issued.target AS target, -- a worker, a service, or all
    issued.command_issued.reason AS reason, -- why
    issued.agent_role AS agent_role, -- who ordered it
    issued.agent_id AS agent_id, -- which one of that role
    issued.command_issued.limit AS limit, -- of a throttle: tasks at once
    issued.command_issued.emergency AS emergency, -- on the lane of its own
    if(issued.expires, issued.recorded_at + toIntervalNanosecond(toInt64(if(issued.expires, issued.command_issued.expires_in_seconds, 0) * 1e9)), NULL) AS expires_at, -- when it ends by itself; NULL: not within thirty years
    release.released_at AS released_at, -- when another command ended it; NULL: none did
    issued.command_issued.releases_command_id AS releases_command_id, -- the command that this one ends
    answers.first_at AS acknowledged_at, -- the first acknowledgement; NULL: none yet
    answers.obeyed AS obeyed, -- how many said that they obey
    answers.refused AS refused, -- how many said that they do not
    CAST(
        arrayMap(each -> (each.2, each.3, each.4, each.5), arraySort(answers.everybody)),
        'Array(Tuple(acknowledged_at DateTime64(9, \'UTC\'), target String, obeyed Bool, note String))'
    ) AS acknowledgements, -- all of them, in the order of the log
    issued.trace_id AS trace_id -- W3C trace id
FROM
(
    SELECT
        epoch, seq, recorded_at, event_id, trace_id, agent_role, agent_id, command_issued,
        command_issued.expires_in_seconds > 0 AND command_issued.expires_in_seconds < 1e9 AS expires
    FROM swarm.events
    WHERE disposition = 'stored' AND payload_kind = 'command_issued'
) AS issued
LEFT JOIN
(
    SELECT
        command_acknowledged.command_id AS command_id,
        min(toNullable(recorded_at)) AS first_at,
        countIf(command_acknowledged.obeyed) AS obeyed,
        countIf(NOT command_acknowledged.obeyed) AS refused,
        groupArray((
            (epoch, seq),
            recorded_at, command_acknowledged.target, command_acknowledged.obeyed, command_acknowledged.note
        )) AS everybody
    FROM swarm.events
    WHERE disposition = 'stored' AND payload_kind = 'command_acknowledged'
    GROUP BY command_id
) AS answers ON answers.command_id = issued.event_id
LEFT JOIN
(
    SELECT command_issued.releases_command_id AS command_id, min(toNullable(recorded_at)) AS released_at
    FROM swarm.events
    WHERE disposition = 'stored' AND payload_kind = 'command_issued' AND command_issued.releases_command_id != ''
    GROUP BY command_id
) AS release ON release.command_id = issued.event_id
