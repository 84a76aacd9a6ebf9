"""How does a history become a state and its decisions, the same way every time?

Causes are taken in the order of the log, ticks at the position they had seen. What a cause leads
to is folded at once, and what follows from that follows too, before the next cause is looked at;
when the log delivers it later, it is skipped. Live, after a crash and in a replay, this is the one
way.
"""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import replace
from datetime import datetime
from typing import Generic, TypeVar

from enchanted.events.v1.leadership_pb2 import TickObserved
from enchanted.events.v1.swarm_event_pb2 import AgentRole
from nervous_system.decision import Core, Emit, Tick
from nervous_system.errors import Fatal
from nervous_system.event import Event, Recorded
from nervous_system.ids import child_id
from nervous_system.message import Entry
from nervous_system.subjects import subject_for

State = TypeVar("State")

MAIN = "main"
"""The scope of what is led once for the whole mesh."""

MOST_CONSEQUENCES = 1000
"""What one cause may lead to: a core that never comes to rest is a defect."""


class Fold(Generic[State]):
    """A core's state at a position, and what it wants on the log."""

    def __init__(
        self,
        core: Core[State],
        *,
        service: str,
        scope: str,
        role: AgentRole.ValueType,
        state: State | None = None,
        sequence: int = 0,
        ahead: frozenset[str] = frozenset(),
    ) -> None:
        self._core = core
        self._service = service
        self._scope = scope
        self._role = role
        self.state: State = core.initial() if state is None else state
        self.sequence = sequence  # the last position taken
        self.ahead = set(ahead)  # ids that are in the state, though their position is yet to come

    def take(self, recorded: Recorded) -> list[Entry]:
        """Fold one event of the log in, and return everything that follows from it."""
        self.sequence = recorded.sequence
        if recorded.event.event_id in self.ahead:
            self.ahead.remove(recorded.event.event_id)
            return []
        self.state = self._core.evolve(self.state, recorded)
        return self._consequences(recorded)

    def strike(self, *, term: int, number: int, now: datetime) -> list[Entry]:
        """A tick: nothing, or the tick itself followed by what was decided on it."""
        tick = Tick(
            event_id=child_id(f"{self._service}/{self._scope}/{term}", f"tick {number}"),
            term=term,
            number=number,
            as_of_sequence=self.sequence,
        )
        emits = self._core.decide(self.state, tick, now)
        if not emits:
            return []
        event = Event(
            event_id=tick.event_id,
            timestamp=now,
            agent_role=self._role,
            agent_id=f"{self._service}/{self._scope}",
            payload=TickObserved(
                service=self._service,
                scope=self._scope,
                term=term,
                number=number,
                as_of_sequence=self.sequence,
            ),
            trace_id=_hex(tick.event_id, 32),
            span_id=_hex(tick.event_id, 16),
        )
        key = scope_key(self._scope)
        cause = Recorded(
            event=event,
            sequence=self.sequence,
            subject=subject_for(event, key=key),
            recorded_at=now,
        )
        self.ahead.add(event.event_id)
        self.state = self._core.evolve(self.state, cause)
        return [Entry(event=event, key=key), *self._follow(cause, emits)]

    def _consequences(self, cause: Recorded) -> list[Entry]:
        return self._follow(cause, self._core.decide(self.state, cause, cause.recorded_at))

    def _follow(self, cause: Recorded, emits: tuple[Emit, ...]) -> list[Entry]:
        entries: list[Entry] = []
        waiting = deque((cause, emit) for emit in emits)
        while waiting:
            because, emit = waiting.popleft()
            event = self._event(because, emit)
            key = emit.key or scope_key(self._scope)
            entries.append(Entry(event=event, key=key))
            if len(entries) > MOST_CONSEQUENCES:
                raise Fatal(
                    f"{self._service}: event {cause.event.event_id} led to more than"
                    f" {MOST_CONSEQUENCES} others; its core never comes to rest"
                )
            self.ahead.add(event.event_id)
            own = replace(because, event=event, subject=subject_for(event, key=key))
            self.state = self._core.evolve(self.state, own)
            following = self._core.decide(self.state, own, because.recorded_at)
            waiting.extend((own, each) for each in following)
        return entries

    def _event(self, because: Recorded, emit: Emit) -> Event:
        cause = because.event
        event_id = child_id(cause.event_id, emit.label)
        return Event(
            event_id=event_id,
            timestamp=because.recorded_at,
            agent_role=self._role,
            agent_id=f"{self._service}/{self._scope}",
            payload=emit.payload,
            trace_id=cause.trace_id if len(cause.trace_id) == 32 else _hex(cause.event_id, 32),
            span_id=_hex(event_id, 16),
            causation_id=cause.event_id,
            correlation_id=cause.correlation_id or cause.event_id,
        )


def scope_key(scope: str) -> str | None:
    """The key of a role's own events: its scope, where there is more than the main one."""
    return None if scope == MAIN else scope


def _hex(text: str, digits: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:digits]
