"""Which kinds of fact are there, and what does each imply for the envelope and the subject?

The payload messages are used as they are generated: the contract is their definition, and a second
set of classes would only say it again. They are treated as frozen: nobody changes one after it was
put into an `Event`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from enchanted.events.v1.action_outcome_pb2 import ActionOutcome
from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.alarm_pb2 import AlarmRaised
from enchanted.events.v1.capacity_pb2 import CapacitySampled
from enchanted.events.v1.command_pb2 import CommandAcknowledged, CommandIssued
from enchanted.events.v1.incident_pb2 import (
    CircuitOpened,
    IncidentClosed,
    IncidentEscalated,
    IncidentOpened,
    RecoveryAttempted,
)
from enchanted.events.v1.leadership_pb2 import LeadershipTaken, RequestsTaken, TickObserved
from enchanted.events.v1.objective_pb2 import (
    ObjectiveAdded,
    ObjectiveApproved,
    ObjectiveFinished,
    ObjectivePlanned,
    ObjectiveProposed,
    ObjectiveRejected,
)
from enchanted.events.v1.policy_pb2 import CharterAdopted, PolicyAdopted, RegistryAdopted
from enchanted.events.v1.process_pb2 import ProcessExited, ProcessStarted
from enchanted.events.v1.pulse_pb2 import (
    DispatchHeld,
    DispatchResumed,
    HaltLifted,
    HaltOrdered,
    PulseCompleted,
    SystemModeChanged,
)
from enchanted.events.v1.state_change_pb2 import StateChange
from enchanted.events.v1.station_pb2 import TaskImported, TaskStatusImported
from enchanted.events.v1.swarm_event_pb2 import (
    TYPE_ALARM,
    TYPE_DECISION,
    TYPE_OBSERVATION,
    TYPE_OUTCOME,
    TYPE_REQUEST,
    TYPE_RULE,
    TYPE_STATE_CHANGE,
    TYPE_SYSTEM,
    TYPE_WORK,
    EventType,
)
from enchanted.events.v1.system_signal_pb2 import SystemSignal
from enchanted.events.v1.task_pb2 import (
    TaskAcknowledged,
    TaskCancelled,
    TaskClaimed,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskProgressed,
    TaskQuarantined,
    TaskRejected,
    TaskReleased,
    TaskSubmitted,
)
from enchanted.events.v1.task_request_pb2 import (
    ClaimRequested,
    ProgressReported,
    ReleaseRequested,
    ResultArrivedLate,
    ResultReported,
    TaskOrdered,
    TasksProposed,
)
from enchanted.events.v1.worker_pb2 import (
    WorkerDeparted,
    WorkerHeartbeat,
    WorkerLost,
    WorkerRegistered,
)

Payload = (
    AgentDecision
    | ActionOutcome
    | StateChange
    | SystemSignal
    | CapacitySampled
    | LeadershipTaken
    | TickObserved
    | ProcessStarted
    | ProcessExited
    | AlarmRaised
    | TaskSubmitted
    | TaskRejected
    | TaskClaimed
    | TaskProgressed
    | TaskReleased
    | TaskCompleted
    | TaskFailed
    | TaskCancelled
    | TaskExpired
    | TaskQuarantined
    | TaskAcknowledged
    | TasksProposed
    | ClaimRequested
    | ProgressReported
    | ResultReported
    | ResultArrivedLate
    | ReleaseRequested
    | TaskOrdered
    | ObjectiveProposed
    | ObjectiveAdded
    | ObjectiveRejected
    | ObjectivePlanned
    | ObjectiveApproved
    | ObjectiveFinished
    | WorkerRegistered
    | WorkerHeartbeat
    | WorkerDeparted
    | WorkerLost
    | PolicyAdopted
    | RegistryAdopted
    | CharterAdopted
    | PulseCompleted
    | DispatchHeld
    | DispatchResumed
    | SystemModeChanged
    | HaltOrdered
    | HaltLifted
    | CommandIssued
    | CommandAcknowledged
    | IncidentOpened
    | RecoveryAttempted
    | IncidentEscalated
    | IncidentClosed
    | CircuitOpened
    | RequestsTaken
    | TaskImported
    | TaskStatusImported
)


@dataclass(frozen=True, slots=True)
class PayloadKind:
    """What a payload implies."""

    field: str  # its name in SwarmEvent's oneof, and `payload_kind` in ClickHouse
    event_type: EventType.ValueType
    subject_word: str  # the <kind> of swarm.events.<source>.<kind>
    source: str = ""  # the <source>, where it is not the role of who speaks
    key_field: str = ""  # where in the payload the <key> is, such as `task_id`
    aggregate: bool = False  # appended only behind the last event of its source and key


def _task(field: str, key_field: str = "task_id") -> PayloadKind:
    """A step of a task: on the one filter of that task."""
    word = field.removeprefix("task_")
    return PayloadKind(field, TYPE_WORK, word, source="task", key_field=key_field, aggregate=True)


def _objective(field: str) -> PayloadKind:
    word = field.removeprefix("objective_")
    return PayloadKind(
        field, TYPE_WORK, word, source="objective", key_field="objective_id", aggregate=True
    )


def _incident(field: str, word: str) -> PayloadKind:
    return PayloadKind(
        field, TYPE_SYSTEM, word, source="incident", key_field="incident_id", aggregate=True
    )


def _request(field: str, key_field: str = "") -> PayloadKind:
    return PayloadKind(field, TYPE_REQUEST, field, source="request", key_field=key_field)


def _worker(field: str) -> PayloadKind:
    word = field.removeprefix("worker_")
    return PayloadKind(field, TYPE_SYSTEM, word, source="worker", key_field="worker_id")


def _rule(field: str, key_field: str = "") -> PayloadKind:
    return PayloadKind(field, TYPE_RULE, field, key_field=key_field)


KINDS: dict[type[Payload], PayloadKind] = {
    AgentDecision: PayloadKind("decision", TYPE_DECISION, "decision"),
    ActionOutcome: PayloadKind("action_outcome", TYPE_OUTCOME, "outcome"),
    StateChange: PayloadKind("state_change", TYPE_STATE_CHANGE, "state_change"),
    SystemSignal: PayloadKind("system_signal", TYPE_SYSTEM, "signal"),
    CapacitySampled: PayloadKind("capacity_sampled", TYPE_OBSERVATION, "capacity_sampled"),
    LeadershipTaken: PayloadKind("leadership_taken", TYPE_SYSTEM, "leadership_taken"),
    TickObserved: PayloadKind("tick_observed", TYPE_SYSTEM, "tick_observed"),
    ProcessStarted: PayloadKind("process_started", TYPE_SYSTEM, "process_started"),
    ProcessExited: PayloadKind("process_exited", TYPE_SYSTEM, "process_exited"),
    AlarmRaised: PayloadKind("alarm_raised", TYPE_ALARM, "alarm_raised"),
    TaskSubmitted: _task("task_submitted", "manifest.task_id"),
    # What was never a task is not on a task's filter.
    TaskRejected: PayloadKind("task_rejected", TYPE_WORK, "task_rejected", key_field="task_id"),
    TaskClaimed: _task("task_claimed"),
    TaskProgressed: _task("task_progressed"),
    TaskReleased: _task("task_released"),
    TaskCompleted: _task("task_completed"),
    TaskFailed: _task("task_failed"),
    TaskCancelled: _task("task_cancelled"),
    TaskExpired: _task("task_expired"),
    TaskQuarantined: _task("task_quarantined"),
    TaskAcknowledged: _task("task_acknowledged"),
    TasksProposed: _request("tasks_proposed"),
    ClaimRequested: _request("claim_requested", "worker_id"),
    ProgressReported: _request("progress_reported", "task_id"),
    ResultReported: _request("result_reported", "task_id"),
    ResultArrivedLate: PayloadKind(
        "result_arrived_late", TYPE_WORK, "result_arrived_late", key_field="task_id"
    ),
    ReleaseRequested: _request("release_requested", "task_id"),
    TaskOrdered: _request("task_ordered", "task_id"),
    ObjectiveProposed: _request("objective_proposed", "objective_id"),
    ObjectiveAdded: _objective("objective_added"),
    ObjectiveRejected: PayloadKind(
        "objective_rejected", TYPE_WORK, "objective_rejected", key_field="objective_id"
    ),
    ObjectivePlanned: _objective("objective_planned"),
    ObjectiveApproved: _request("objective_approved", "objective_id"),
    ObjectiveFinished: _objective("objective_finished"),
    WorkerRegistered: _worker("worker_registered"),
    WorkerHeartbeat: _worker("worker_heartbeat"),
    WorkerDeparted: _worker("worker_departed"),
    WorkerLost: PayloadKind("worker_lost", TYPE_SYSTEM, "worker_lost", key_field="worker_id"),
    PolicyAdopted: _rule("policy_adopted"),
    RegistryAdopted: _rule("registry_adopted"),
    CharterAdopted: _rule("charter_adopted"),
    PulseCompleted: PayloadKind("pulse_completed", TYPE_OBSERVATION, "pulse"),
    DispatchHeld: _rule("dispatch_held"),
    DispatchResumed: _rule("dispatch_resumed"),
    SystemModeChanged: _rule("system_mode_changed"),
    HaltOrdered: _rule("halt_ordered"),
    HaltLifted: _rule("halt_lifted"),
    CommandIssued: PayloadKind(
        "command_issued", TYPE_RULE, "issued", source="command", key_field="target"
    ),
    CommandAcknowledged: PayloadKind(
        "command_acknowledged", TYPE_SYSTEM, "command_acknowledged", key_field="target"
    ),
    IncidentOpened: _incident("incident_opened", "opened"),
    RecoveryAttempted: _incident("recovery_attempted", "recovery_attempted"),
    IncidentEscalated: _incident("incident_escalated", "escalated"),
    IncidentClosed: _incident("incident_closed", "closed"),
    CircuitOpened: PayloadKind(
        "circuit_opened", TYPE_SYSTEM, "circuit_opened", key_field="subject_of_concern"
    ),
    RequestsTaken: PayloadKind("requests_taken", TYPE_SYSTEM, "requests_taken"),
    TaskImported: PayloadKind("task_imported", TYPE_WORK, "task_imported", key_field="task_id"),
    TaskStatusImported: PayloadKind(
        "task_status_imported", TYPE_WORK, "task_status_imported", key_field="task_id"
    ),
}

KINDS_BY_FIELD: dict[str, PayloadKind] = {kind.field: kind for kind in KINDS.values()}


PRESENCE: Final = frozenset({"worker_registered", "worker_heartbeat", "worker_departed"})


def worker_of(field: str, payload: object) -> str:
    """The worker of which a payload of this field says that it comes, is there or goes; empty for
    any other."""
    return str(getattr(payload, "worker_id", "")) if field in PRESENCE else ""


def asks_as(payload: Payload) -> frozenset[str]:
    """The workers as which somebody asks for tasks, or reports on them."""
    if isinstance(payload, ResultReported):
        return frozenset({payload.worker_id, payload.next.worker_id} - {""})
    if isinstance(payload, ClaimRequested | ProgressReported | ReleaseRequested):
        return frozenset({payload.worker_id} - {""})
    return frozenset()
