"""What is one event, before it is bytes and after it was?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from enchanted.events.v1.attribution_pb2 import Attribution
from enchanted.events.v1.swarm_event_pb2 import AgentRole, EventType
from nervous_system.contract.payload import KINDS, Payload, PayloadKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One fact, complete and ready to be encoded.

    Source: `contracts/enchanted/events/v1/swarm_event.proto`.
    """

    event_id: str
    timestamp: datetime  # the producer's clock, UTC
    agent_role: AgentRole.ValueType
    agent_id: str
    payload: Payload
    trace_id: str = ""  # 32 hex digits or empty
    span_id: str = ""  # 16 hex digits or empty
    causation_id: str = ""
    correlation_id: str = ""
    producer_session: str = ""
    producer_sequence: int = 0
    attribution: Attribution | None = None

    @property
    def kind(self) -> PayloadKind:
        """What the payload implies."""
        return KINDS[type(self.payload)]

    @property
    def event_type(self) -> EventType.ValueType:
        """What sort of fact this is; it follows from the payload."""
        return self.kind.event_type

    @property
    def traceparent(self) -> str:
        """The span that it names, as W3C has it; empty where it names none."""
        named = self.trace_id and self.span_id
        return f"00-{self.trace_id}-{self.span_id}-01" if named else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvent:
    """An event at its place in the log."""

    event: Event
    sequence: int
    subject: str
    recorded_at: datetime  # the stream's clock, UTC: the only time folds may use
    is_history: bool = False  # it was brought back from the past: nobody acts on it
