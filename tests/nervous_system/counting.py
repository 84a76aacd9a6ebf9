"""What is the smallest core that does everything a core may do?

It counts decisions of agents, announces every third, answers its own announcements, and reports on
every other tick. Its digest is another one for every other order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.alarm_pb2 import AlarmRaised
from enchanted.events.v1.swarm_event_pb2 import ROLE_GUARDIAN
from enchanted.events.v1.system_signal_pb2 import SystemSignal
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.message import Entry
from nervous_system.contract.subjects import source_of
from nervous_system.service.decision import Emit, Tick
from nervous_system.service.fold import MAIN, Fold
from nervous_system.service.service_spec import ServiceSpec

SERVICE = "guardian"
AGENTS = "swarm.events.coder.>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What was counted, and the order of everything."""

    counted: int = 0
    answered: int = 0
    reported: int = 0
    digest: str = ""


class CountingCore:
    """Pure, as every core."""

    def initial(self) -> Counts:
        return Counts()

    def evolve(self, state: Counts, recorded: RecordedEvent, /) -> Counts:
        seen = f"{state.digest}/{recorded.event.event_id}/{recorded.recorded_at.isoformat()}"
        state = replace(state, digest=hashlib.sha256(seen.encode()).hexdigest())
        payload = recorded.event.payload
        if isinstance(payload, AgentDecision):
            return replace(state, counted=state.counted + 1)
        if isinstance(payload, SystemSignal) and payload.status.startswith("answer"):
            return replace(state, answered=state.answered + 1)
        if isinstance(payload, AlarmRaised) and payload.name == "report":
            return replace(state, reported=state.counted)
        return state

    def decide(
        self, state: Counts, cause: RecordedEvent | Tick, now: datetime, /
    ) -> tuple[Emit, ...]:
        if isinstance(cause, Tick):
            if not state.counted or cause.number % 2 == 0:
                return ()
            report = AlarmRaised(name="report", message=f"{state.counted} at {now.isoformat()}")
            return (Emit(label="report", payload=report),)
        payload = cause.event.payload
        if isinstance(payload, AgentDecision) and state.counted % 3 == 0:
            third = AlarmRaised(name="third", message=str(state.counted))
            return (
                Emit(label="third", payload=third),
                Emit(label="note", payload=SystemSignal(status=f"note {state.counted}")),
            )
        if isinstance(payload, AlarmRaised) and payload.name == "third":
            answer = SystemSignal(status=f"answer {payload.message}")
            return (Emit(label="answer", payload=answer),)
        return ()


def role(
    *,
    subjects: tuple[str, ...] = (AGENTS,),
    tick_seconds: float = 3600.0,
    snapshot_events: int = 10_000,
) -> ServiceSpec[Counts]:
    return ServiceSpec(
        core=CountingCore(),
        state_type=Counts,
        service=SERVICE,
        scope=MAIN,
        agent_role=ROLE_GUARDIAN,
        subjects=subjects,
        tick_seconds=tick_seconds,
        snapshot_events=snapshot_events,
    )


def fold() -> Fold[Counts]:
    return Fold(CountingCore(), service=SERVICE, scope=MAIN, role=ROLE_GUARDIAN)


def rebuilt(history: Sequence[RecordedEvent]) -> tuple[Fold[Counts], list[Entry]]:
    """The fold of a whole history, and the decisions that are missing in it."""
    folded = fold()
    for recorded in history:
        if source_of(recorded.event.agent_role) == SERVICE:
            folded.preload_own(recorded)
    missing = [entry for recorded in history for entry in folded.apply(recorded)]
    return folded, missing
