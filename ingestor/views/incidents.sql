-- What went wrong, what was done about it, and what came of that.
SELECT
    incident_id, -- which incident
    opening.rule AS rule, -- the rule of the guardian that saw it
    opening.subject_of_concern AS subject_of_concern, -- a process, a worker, a task, the stream …
    if(escalations > 0, escalated_to, opening.incident_class) AS incident_class, -- minor, major, critical or unspecified; the last it was given
    multiIf(closings = 0, 'open', closing.recovered, 'recovered', 'given_up') AS status, -- open, recovered or given_up
    opening.summary AS summary, -- what was seen
    closing.root_cause AS root_cause, -- what it came from; empty while it is open
    opening.cause_event_id AS cause_event_id, -- id of the event that showed it
    opened_at, -- when it was seen
    if(closings = 0, NULL, closed_at) AS closed_at, -- NULL while it is open
    if(closings = 0, NULL, closing.duration_seconds) AS duration_seconds, -- from opening to closing; NULL while it is open
    attempts, -- steps of playbooks that were taken
    escalations, -- how often its class was raised
    if(
        empty(closing.timeline),
        CAST(
            arrayMap(each -> ((toUnixTimestamp64Nano(each.2) - toUnixTimestamp64Nano(opened_at)) / 1e9, each.3), arraySort(steps)),
            'Array(Tuple(after_seconds Float64, text String))'
        ),
        closing.timeline
    ) AS timeline, -- what happened when: as the guardian wrote it down at the end, from the events so far while it is open
    opening_id AS event_id, -- id of the event that opened it
    opening_trace_id AS trace_id -- W3C trace id of that event
FROM
(
    SELECT
        multiIf(
            payload_kind = 'incident_opened', incident_opened.incident_id,
            payload_kind = 'recovery_attempted', recovery_attempted.incident_id,
            payload_kind = 'incident_escalated', incident_escalated.incident_id,
            incident_closed.incident_id
        ) AS incident_id,
        argMinIf(incident_opened, (epoch, seq), payload_kind = 'incident_opened') AS opening,
        argMinIf(recorded_at, (epoch, seq), payload_kind = 'incident_opened') AS opened_at,
        argMinIf(events.event_id, (epoch, seq), payload_kind = 'incident_opened') AS opening_id,
        argMinIf(events.trace_id, (epoch, seq), payload_kind = 'incident_opened') AS opening_trace_id,
        argMaxIf(incident_escalated.incident_class, (epoch, seq), payload_kind = 'incident_escalated') AS escalated_to,
        argMaxIf(incident_closed, (epoch, seq), payload_kind = 'incident_closed') AS closing,
        argMaxIf(recorded_at, (epoch, seq), payload_kind = 'incident_closed') AS closed_at,
        countIf(payload_kind = 'incident_opened') AS openings,
        countIf(payload_kind = 'recovery_attempted') AS attempts,
        countIf(payload_kind = 'incident_escalated') AS escalations,
        countIf(payload_kind = 'incident_closed') AS closings,
        groupArray((
            (epoch, seq),
            recorded_at,
            multiIf(
                payload_kind = 'incident_opened', concat('opened: ', incident_opened.summary),
                payload_kind = 'recovery_attempted', concat(
                    recovery_attempted.step, ', attempt ', toString(recovery_attempted.attempt), ': ', recovery_attempted.detail
                ),
                payload_kind = 'incident_escalated', concat(
                    'escalated to ', incident_escalated.incident_class, ': ', incident_escalated.reason
                ),
                concat('closed: ', incident_closed.root_cause)
            )
        )) AS steps
    FROM swarm.events AS events
    WHERE disposition = 'stored'
        AND payload_kind IN ('incident_opened', 'recovery_attempted', 'incident_escalated', 'incident_closed')
    GROUP BY incident_id
)
WHERE openings > 0
