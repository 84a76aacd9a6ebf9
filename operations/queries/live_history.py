"""What became of the things that one service tells of, for those who ask again and again? Read on
from where somebody asked last."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from enchanted.events.v1.swarm_event_pb2 import ROLE_GUARDIAN, ROLE_OVERSEER, AgentRole
from nervous_system.bus import Bus
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.stored import StreamState
from operations.log_session import said
from operations.queries import incidents, objectives
from operations.queries.incidents import IncidentHistory
from operations.queries.objectives import ObjectiveHistory


class History(Protocol):
    """What is made of events."""

    def take(self, recorded: RecordedEvent) -> None:
        """The next one."""


Kept = TypeVar("Kept", bound=History)


class LiveHistory(Generic[Kept]):
    """Of one log. Those who ask at once share the work."""

    def __init__(
        self,
        bus: Bus,
        begin: Callable[[], Kept],
        *,
        role: AgentRole.ValueType,
        subjects: Sequence[str],
    ) -> None:
        self._bus = bus
        self._begin = begin
        self._role = role
        self._subjects = subjects
        self._turn = asyncio.Lock()
        self._kept = begin()
        self._created = ""
        self._position = 0

    async def known(self, log: StreamState) -> Kept:
        """As the log tells it up to its end, or further. Raises Unavailable."""
        async with self._turn:
            if log.created != self._created or log.last_sequence < self._position:
                self._kept, self._position, self._created = self._begin(), 0, log.created
            if log.last_sequence > self._position:
                if await self._is_more():
                    await self._read_on()
                self._position = max(self._position, log.last_sequence)
            return self._kept

    async def at(self, position: int) -> Kept:
        """As the log told it up to a position. Raises Unavailable."""
        kept = self._begin()
        async for stored in self._bus.replay(subjects=self._subjects):
            if stored.sequence > position:
                break
            if (recorded := said(self._role, self._bus, stored)) is not None:
                kept.take(recorded)
        return kept

    async def _is_more(self) -> bool:
        for subject in self._subjects:
            last = await self._bus.stream.last_on(subject)
            if last is not None and last.sequence > self._position:
                return True
        return False

    async def _read_on(self) -> None:
        begin = self._position + 1
        async for stored in self._bus.replay(start_sequence=begin, subjects=self._subjects):
            if (recorded := said(self._role, self._bus, stored)) is not None:
                self._kept.take(recorded)
            self._position = stored.sequence


def live_incidents(bus: Bus) -> LiveHistory[IncidentHistory]:
    """By what the guardian says."""
    return LiveHistory(bus, IncidentHistory, role=ROLE_GUARDIAN, subjects=incidents.SUBJECTS)


def live_objectives(bus: Bus) -> LiveHistory[ObjectiveHistory]:
    """By what the overseer says, and people say to it."""
    return LiveHistory(bus, ObjectiveHistory, role=ROLE_OVERSEER, subjects=objectives.SUBJECTS)
