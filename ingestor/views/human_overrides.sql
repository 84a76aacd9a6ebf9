-- What operators did to reverse or pre-empt a service's decision. A proposal, an approval that a plan waits for, and the end of a halt that an operator had ordered are none.
SELECT
    epoch, seq, recorded_at, agent_id,
    payload_kind AS kind, -- task_ordered, halt_ordered, halt_lifted, command_issued, dispatch_held, dispatch_resumed or system_mode_changed
    multiIf(
        payload_kind = 'task_ordered', if(task_ordered.task_id = '', task_ordered.objective_id, task_ordered.task_id),
        payload_kind = 'command_issued', command_issued.target,
        ''
    ) AS target, -- a task, an objective, or who was commanded; empty: everything
    multiIf(
        payload_kind = 'task_ordered', task_ordered.order,
        payload_kind = 'command_issued', command_issued.kind,
        payload_kind = 'system_mode_changed', system_mode_changed.mode,
        ''
    ) AS what, -- the order, the kind of command, or the mode
    multiIf(
        payload_kind = 'task_ordered', task_ordered.reason,
        payload_kind = 'halt_ordered', halt_ordered.reason,
        payload_kind = 'halt_lifted', halt_lifted.reason,
        payload_kind = 'command_issued', command_issued.reason,
        payload_kind = 'dispatch_held', dispatch_held.reason,
        payload_kind = 'dispatch_resumed', dispatch_resumed.reason,
        system_mode_changed.reason
    ) AS reason, -- why
    event_id, trace_id
FROM swarm.events
WHERE heard
    AND agent_role = 'operator'
    AND (
        payload_kind IN (
            'task_ordered', 'halt_ordered', 'command_issued', 'dispatch_held', 'dispatch_resumed', 'system_mode_changed'
        )
        OR payload_kind = 'halt_lifted' AND (epoch, seq) IN (
            SELECT epoch, seq
            FROM
            (
                SELECT
                    epoch, seq, change,
                    lagInFrame(halted_by) OVER (
                        ORDER BY epoch, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                    ) AS halted_by_before
                FROM swarm.rules_in_force
            )
            WHERE change = 'halt_lifted' AND halted_by_before NOT IN ('', 'operator')
        )
    )
