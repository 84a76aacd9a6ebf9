"""What of a log does the overseer hear, and what does it measure by that? As one who follows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from nervous_system.contract.event import Recorded
from nervous_system.contract.subjects import on_any
from nervous_system.service.decision import Emit, Tick
from nervous_system.service.follower import Follower, State
from nervous_system.service.role import Role
from overseer.indicators import IndicatorState
from overseer.settings import OverseerSettings
from overseer.spec import role

ROLE = role(OverseerSettings())


@dataclass(frozen=True)
class Listener:
    """Keeps the ids of what is counted. Of tasks and objectives the overseer's core believes nobody
    but itself, see `OverseerCore.evolve`."""

    def initial(self) -> frozenset[str]:
        """Nothing was heard."""
        return frozenset()

    def evolve(self, heard: frozenset[str], recorded: Recorded, /) -> frozenset[str]:
        """One more."""
        event = recorded.event
        if event.kind.source in ("task", "objective") and event.agent_role != ROLE.agent_role:
            return heard
        return heard | {event.event_id}

    def decide(
        self, heard: frozenset[str], cause: Recorded | Tick, now: datetime, /
    ) -> tuple[Emit, ...]:
        """Nothing."""
        return ()


def measured(log: Iterable[Recorded]) -> IndicatorState:
    """What the overseer measures by a log that it reads."""
    return followed(ROLE, log).state.indicators


def heard(log: Iterable[Recorded]) -> frozenset[int]:
    """The sequences of what it goes by."""
    history = list(log)
    listening: Role[Any] = replace(ROLE, core=Listener(), state_type=frozenset)  # type: ignore[arg-type]
    ids = followed(listening, history).state
    return frozenset(each.sequence for each in history if each.event.event_id in ids)


def followed(role: Role[State], log: Iterable[Recorded]) -> Follower[State]:
    """Who follows a role, at the end of a log."""
    reads, writes = on_any(role.reads), on_any(role.own)
    history = list(log)
    follower = Follower(role)
    for each in history:
        if writes(each.subject):
            follower.recall(each)
    for each in history:
        if reads(each.subject):
            follower.take(each)
    if history:
        follower.settle(history[-1].sequence)
    return follower
