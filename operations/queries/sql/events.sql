-- Events that were recorded, the last first: of an id, a trace, an agent, a role, some kinds, a resource, a time, with all of some
-- words; behind a position. As many as `most`, and as fit in `max_bytes`, but one at least; `found` says how many there were of `most`.
SELECT epoch, seq, subject, microseconds, base64Encode(raw) AS raw, found
FROM
(
    SELECT
        *,
        sum(length(raw)) OVER (ORDER BY epoch DESC, seq DESC ROWS UNBOUNDED PRECEDING) AS size_bytes,
        row_number() OVER (ORDER BY epoch DESC, seq DESC) AS number,
        count() OVER () AS found
    FROM
    (
        SELECT epoch, seq, subject, toUnixTimestamp64Micro(recorded_at) AS microseconds, raw
        FROM swarm.events
        WHERE disposition = 'stored'
            AND ({event_id:String} = '' OR event_id = {event_id:String})
            AND ({trace_id:String} = '' OR trace_id = {trace_id:String})
            AND ({agent_id:String} = '' OR agent_id = {agent_id:String})
            AND ({agent_role:String} = '' OR agent_role = {agent_role:String})
            AND (empty({kinds:Array(String)}) OR has({kinds:Array(String)}, payload_kind))
            AND ({resource:String} = '' OR state_change.target_resource = {resource:String})
            AND (NOT {failed:Bool} OR %is_failure%)
            AND recorded_at >= fromUnixTimestamp64Micro({since:Int64})
            AND recorded_at < fromUnixTimestamp64Micro({until:Int64})
            AND ({before_epoch:UInt32} = 0 OR (epoch, seq) < ({before_epoch:UInt32}, {before_seq:UInt64}))
            AND
            (
                empty({words:Array(String)})
                OR arrayAll(
                    place -> place > 0,
                    multiSearchAllPositionsCaseInsensitiveUTF8(concat(subject, ' ', raw), {words:Array(String)})
                )
            )
        ORDER BY epoch DESC, seq DESC
        LIMIT {most:UInt64}
    )
)
WHERE number = 1 OR size_bytes <= {max_bytes:UInt64}
ORDER BY epoch DESC, seq DESC
