"""What is run on the log, as which part of the mesh?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, Generic, TypeVar

from enchanted.events.v1.swarm_event_pb2 import AgentRole
from nervous_system import names
from nervous_system.contract.subjects import covers, overlap, source_of, token
from nervous_system.service.decision import Core
from nervous_system.service.fold import scope_key

State = TypeVar("State")


def _nothing(state: object, now: datetime) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSpec(Generic[State]):
    """What is run, as which part of the mesh."""

    core: Core[State]
    state_type: type[State]
    service: str
    scope: str  # what is led: "main", or a host
    agent_role: AgentRole.ValueType
    subjects: tuple[str, ...]  # filters of what the core reads; its own events count in any case
    tick_seconds: float
    exclusive_sources: tuple[str, ...] = ()  # the <source>s that it alone writes, besides its own
    extra_write_filters: tuple[str, ...] = ()  # what it writes among others, such as commands
    requests: str | None = None  # the subject on which it is asked; its core can answer then
    around_tick: Callable[[State, datetime], AbstractContextManager[Any]] = _nothing
    snapshot_events: int = 10_000
    snapshot_seconds: float = 300.0

    def __post_init__(self) -> None:
        if source_of(self.agent_role) != self.service:
            raise ValueError(f"{self.service} cannot publish as {source_of(self.agent_role)}")

    @property
    def key(self) -> str:
        """Its name among leases and snapshots."""
        return f"{self.service}.{token(self.scope)}"

    @property
    def own_filters(self) -> tuple[str, ...]:
        """The filters of what it writes."""
        key = scope_key(self.scope)
        of_scope = ">" if key is None else f"*.{token(key)}"
        others = (f"{names.EVENTS}.{source}.>" for source in self.exclusive_sources)
        return (f"{names.EVENTS}.{self.service}.{of_scope}", *others, *self.extra_write_filters)

    @property
    def replay_filters(self) -> tuple[str, ...]:
        """The filters of what is folded, none within another."""
        return _widest(self.subjects, self.own_filters)

    @property
    def others(self) -> tuple[str, ...]:
        """The filters of what is folded beside `own_filters`, none within another."""
        own = self.own_filters
        beside = (each for each in self.subjects if not any(covers(one, each) for one in own))
        return _widest(beside)

    @property
    def live_filters(self) -> tuple[str, ...]:
        """The filters of what it reads while it leads, none within another: what it alone writes it
        knows before the log does."""
        alone = {f"{names.EVENTS}.{source}.>" for source in self.exclusive_sources}
        return _widest(self.subjects, (each for each in self.own_filters if each not in alone))


def separate(filters: tuple[str, ...]) -> tuple[str, ...]:
    """The server takes no filters that overlap; then all is read."""
    overlapping = any(
        overlap(one, other) for one in filters for other in filters if one is not other
    )
    return (names.ALL_EVENTS,) if overlapping else filters


def _widest(*filters: Iterable[str]) -> tuple[str, ...]:
    those = dict.fromkeys(chain.from_iterable(filters))
    return tuple(
        each for each in those if not any(covers(other, each) for other in those if other != each)
    )
