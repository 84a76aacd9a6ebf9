"""Which kinds of fact are there, and what does each imply for the envelope and the subject?

The payload messages are used as they are generated: the contract is their definition, and a second
set of classes would only say it again. They are treated as frozen: nobody changes one after it was
put into an `Event`.
"""

from __future__ import annotations

from dataclasses import dataclass

from enchanted.events.v1.action_outcome_pb2 import ActionOutcome
from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.alarm_pb2 import AlarmRaised
from enchanted.events.v1.capacity_pb2 import CapacitySampled
from enchanted.events.v1.leadership_pb2 import LeadershipTaken, TickObserved
from enchanted.events.v1.process_pb2 import ProcessExited, ProcessStarted
from enchanted.events.v1.state_change_pb2 import StateChange
from enchanted.events.v1.swarm_event_pb2 import (
    TYPE_ALARM,
    TYPE_DECISION,
    TYPE_OBSERVATION,
    TYPE_OUTCOME,
    TYPE_STATE_CHANGE,
    TYPE_SYSTEM,
    EventType,
)
from enchanted.events.v1.system_signal_pb2 import SystemSignal

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
)


@dataclass(frozen=True, slots=True)
class PayloadKind:
    """What a payload implies."""

    field: str  # its name in SwarmEvent's oneof, and `payload_kind` in ClickHouse
    event_type: EventType.ValueType
    subject_word: str  # the <kind> of swarm.events.<source>.<kind>


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
}

KINDS_BY_FIELD: dict[str, PayloadKind] = {kind.field: kind for kind in KINDS.values()}
