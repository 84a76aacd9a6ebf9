"""What does `DESCRIBE swarm.events` say of a column? One sentence for each; its words, if it has
some, are added from the contract. A field that has none here is called by its name in the contract.
"""

from __future__ import annotations

from typing import Final

COMMENTS: Final = {
    "epoch": "life of the stream this position belongs to, see swarm.epochs",
    "seq": "sequence of the stream; (epoch, seq) is the position and occurs once",
    "subject": "NATS subject it was published on",
    "recorded_at": "the stream's time of the position, UTC: the only clock to order or group by",
    "disposition": (
        "stored: an event; parked: unreadable, see reason; duplicate: this event id was"
        " stored before"
    ),
    "reason": "why it was parked, or what it repeats; empty when stored",
    "warnings": "what breaks the contracts in an event that was stored all the same",
    "event_id": "id of the event, a UUID where the producer keeps the contract",
    "timestamp": "the producer's clock, UTC; NULL when missing or outside 1900 to 2261",
    "trace_id": "W3C trace id, 32 hex digits",
    "span_id": "W3C span id, 16 hex digits",
    "agent_role": "who speaks",
    "agent_id": "which one of that role",
    "event_type": "what it is",
    "causation_id": "id of the event that made this one happen",
    "correlation_id": "id of the piece of work it belongs to",
    "producer_session": "one run of one producer",
    "producer_sequence": "1, 2, 3 … within the session; a gap is an event that never arrived",
    "attribution": (
        "who is behind it: role name, model, provider, conversation, run, prompt, response, tool"
        " call and labels, each empty when not given"
    ),
    "payload_kind": "which of the payload columns is filled; empty when parked",
    "decision": "the why: what an agent decided, on what grounds, and what it turned down",
    "state_change": "the what: one link in the chain of one resource's states",
    "system_signal": "how one member of the swarm says it is doing",
    "action_outcome": "what came of an action that a decision chose",
    "capacity_sampled": "what one machine had and used at one moment",
    "leadership_taken": "a new term of a service's leader",
    "tick_observed": "silence that led to a decision",
    "process_started": "a process of `ganglion up` began",
    "process_exited": "a process of `ganglion up` ended",
    "alarm_raised": "something that must not go unnoticed",
    "task_submitted": "a task was accepted",
    "task_rejected": "a task that cannot be true was turned down, and why",
    "task_claimed": "a worker holds a task for lease_seconds",
    "task_progressed": "a worker is at a task; its lease begins anew",
    "task_released": (
        "a lease ran out or was given back, or somebody lets the task be tried again; it"
        " waits again"
    ),
    "task_completed": "a task was done",
    "task_failed": "an attempt failed; retry_in_seconds is NULL when it was the last",
    "task_cancelled": "a task was called off",
    "task_expired": "a task outlived its time to live",
    "task_quarantined": "a task was set aside until a person says otherwise",
    "task_acknowledged": "what a finished task leaves behind",
    "tasks_proposed": "tasks that somebody wants done",
    "claim_requested": "a worker asked for a task and got one",
    "progress_reported": "a worker reported progress",
    "result_reported": "a worker reported how its attempt ended; next: what it claimed with that",
    "result_arrived_late": "a result of a lease that was lost: not applied",
    "release_requested": "a worker gave a task back",
    "task_ordered": (
        "a person or the guardian decided over a task, or over an objective with all its tasks"
    ),
    "objective_proposed": "an objective that somebody wants reached",
    "objective_added": "an objective was accepted",
    "objective_rejected": "an objective that cannot be true was turned down, and why",
    "objective_planned": "an objective became tasks, or waits for a person",
    "objective_approved": "a person said yes to a plan",
    "objective_finished": "an objective was reached or not",
    "worker_registered": "a worker offers itself",
    "worker_heartbeat": "a worker is alive; the leases it names begin anew",
    "worker_departed": "a worker left in good order",
    "worker_lost": "a worker was silent for longer than allowed",
    "policy_adopted": "the policy in force from here on",
    "registry_adopted": "the registered agents from here on",
    "charter_adopted": "the charter the overseer runs under",
    "pulse_completed": "one round of reflect, plan, act and critique, with all it saw and did",
    "dispatch_held": "no task is handed out from here on",
    "dispatch_resumed": "tasks are handed out again",
    "system_mode_changed": "operational, degraded or halted from here on",
    "halt_ordered": "somebody stopped dispatch; now: and ended what was being done",
    "halt_lifted": (
        "a person let dispatch go on; override_seconds: for so long the limits hold nothing back"
    ),
    "command_issued": "an order to a worker or a service",
    "command_acknowledged": "what became of an order",
    "incident_opened": "the guardian saw something wrong",
    "recovery_attempted": "a step of a playbook was taken",
    "incident_escalated": "an incident became worse",
    "incident_closed": "an incident ended, with its timeline and root cause",
    "circuit_opened": "a playbook that does not help rests",
    "requests_taken": "requests that led to decisions",
    "task_imported": "a row of an older stations task queue: history",
    "task_status_imported": "a row of an older stations task status file: history",
    "raw": "the exact bytes that were published: what everything else can be rebuilt from",
    "writer": "the ingestor that wrote the row, see swarm.writers",
    "event_hash": "first 8 bytes of MD5 of event_id, read when thousands of ids are looked up",
    "heard": (
        "whether the overseer goes by it: its subject says of which kind it is, and it is"
        " what others say where they are believed, or the overseer itself; what it was asked"
        " counts by what it did about it"
    ),
    "attribution.role_name": "what the agent calls its role; empty when not given",
    "attribution.model": "the model that decided; empty when not given",
    "attribution.provider_name": "who runs the model; empty when not given",
    "attribution.conversation_id": "the session of the agent; empty when not given",
    "attribution.run_id": "one run of an agent or a workflow; empty when not given",
    "attribution.prompt_id": "what a person asked; empty when not given",
    "attribution.response_id": "the response of the model; empty when not given",
    "attribution.tool_call_id": "the call that was decided, made or answered; empty when not given",
    "attribution.labels": "what else it is to be found by; empty when not given",
}
