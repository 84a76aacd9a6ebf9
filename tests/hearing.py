"""What of a log does the overseer hear, and what does it measure by that? As one who follows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.subjects import on_any
from nervous_system.service.decision import Emit, Tick
from nervous_system.service.follower import Follower, State
from nervous_system.service.service_spec import ServiceSpec
from overseer.indicators import IndicatorState
from overseer.settings import OverseerSettings
from overseer.spec import service_spec

ROLE = service_spec(OverseerSettings())


@dataclass(frozen=True)
class Listener:
    """Keeps the ids of what is counted. Of tasks and objectives the overseer's core believes nobody
    but itself, see `OverseerCore.evolve`."""

    def initial(self) -> frozenset[str]:
        """Nothing was heard."""
        return frozenset()

    def evolve(self, heard: frozenset[str], recorded: RecordedEvent, /) -> frozenset[str]:
        """One more."""
        event = recorded.event
        if event.kind.source in ("task", "objective") and event.agent_role != ROLE.agent_role:
            return heard
        return heard | {event.event_id}

    def decide(
        self, heard: frozenset[str], cause: RecordedEvent | Tick, now: datetime, /
    ) -> tuple[Emit, ...]:
        """Nothing."""
        return ()


def measured(log: Iterable[RecordedEvent]) -> IndicatorState:
    """What the overseer measures by a log that it reads."""
    return followed(ROLE, log).state.indicators


def heard(log: Iterable[RecordedEvent]) -> frozenset[int]:
    """The sequences of what it goes by."""
    history = list(log)
    listening: ServiceSpec[Any] = replace(ROLE, core=Listener(), state_type=frozenset)  # type: ignore[arg-type]
    ids = followed(listening, history).state
    return frozenset(each.sequence for each in history if each.event.event_id in ids)


def followed(role: ServiceSpec[State], log: Iterable[RecordedEvent]) -> Follower[State]:
    """Who follows a role, at the end of a log."""
    reads, writes = on_any(role.replay_filters), on_any(role.own_filters)
    history = list(log)
    follower = Follower(role)
    for each in history:
        if writes(each.subject):
            follower.preload_own(each)
    for each in history:
        if reads(each.subject):
            follower.apply(each)
    if history:
        follower.settle(history[-1].sequence)
    return follower
