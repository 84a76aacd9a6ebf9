"""How does a history become a state and its decisions, the same way every time?

Causes are taken in the order of the log, ticks at the position they had seen. What a cause leads
to is folded at once, and what follows from that follows too, before the next cause is looked at;
when the log delivers it later, it is skipped. Live, after a crash and in a replay, this is the one
way.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import replace
from datetime import datetime
from typing import Final, Generic, TypeVar

from enchanted.events.v1.leadership_pb2 import TickObserved
from enchanted.events.v1.state_change_pb2 import StateChange
from enchanted.events.v1.swarm_event_pb2 import AgentRole
from nervous_system import names
from nervous_system.decision import Core, Emit, Tick
from nervous_system.errors import Fatal
from nervous_system.event import Event, Recorded
from nervous_system.ids import child_id
from nervous_system.message import Entry
from nervous_system.subjects import subject_for

State = TypeVar("State")

MAIN: Final = "main"
"""The scope of what is led once for the whole mesh."""

MOST_ID_CHARACTERS: Final = 200
"""What is copied of a cause's ids: the log is lenient, and a decision must stay publishable."""

_TRACED = re.compile(r"(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}").fullmatch


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
        self._seen_at: datetime | None = None  # the stream's time of the last position taken
        self._written: set[str] = set()  # ids of own events behind the position
        self._ticks: deque[Event] = deque()  # those of them that are ticks and not struck yet

    def recall(self, own: Recorded) -> None:
        """An own event that stands on the log behind the position, in the order of the log.

        All of them, before the first `take`: what is written is not decided twice, and a tick
        strikes again where it struck.
        """
        event = own.event
        self._written.add(event.event_id)
        if isinstance(event.payload, TickObserved) and event.event_id not in self.ahead:
            self._ticks.append(event)

    @property
    def missing(self) -> set[str]:
        """After recalling: what the state contains and the log does not have.

        Such a state is of another log.
        """
        return self.ahead - self._written

    def take(self, recorded: Recorded) -> list[Entry]:
        """Fold one event of the log in; what follows from it and is not on the log yet."""
        entries: list[Entry] = []
        while self._ticks and _tick_of(self._ticks[0]).as_of_sequence < recorded.sequence:
            entries += self.strike(self._ticks.popleft())
        self.sequence, self._seen_at = recorded.sequence, recorded.recorded_at
        event_id = recorded.event.event_id
        if event_id in self.ahead:
            self.ahead.remove(event_id)
        else:
            self.state = self._core.evolve(self.state, recorded)
            emits = self._core.decide(self.state, recorded, recorded.recorded_at)
            entries += self._follow(recorded, emits)
        new = [entry for entry in entries if entry.event.event_id not in self._written]
        self._written.discard(event_id)
        return new

    def tick(self, *, term: int, term_id: str, number: int, now: datetime) -> Event:
        """The tick that strikes now, behind the last position taken.

        Its time is `now`, but never before that position's: the stream's time does not run back.
        """
        return Event(
            event_id=child_id(term_id, f"tick {number}"),
            timestamp=max(now, self._seen_at or now),
            agent_role=self._role,
            agent_id=f"{self._service}/{self._scope}",
            payload=TickObserved(
                service=self._service,
                scope=self._scope,
                term=term,
                number=number,
                as_of_sequence=self.sequence,
            ),
        )

    def strike(self, event: Event) -> list[Entry]:
        """Nothing, or the tick itself followed by what was decided on it: one batch."""
        tick = _tick_of(event)
        emits = self._core.decide(self.state, tick, event.timestamp)
        if not emits:
            return []
        key = scope_key(self._scope)
        cause = Recorded(
            event=event,
            sequence=tick.as_of_sequence,
            subject=subject_for(event, key=key),
            recorded_at=event.timestamp,
        )
        self.ahead.add(event.event_id)
        self.state = self._core.evolve(self.state, cause)
        return [Entry(event=event, key=key), *self._follow(cause, emits)]

    def forget(self, event_id: str) -> None:
        """An event that was decided a second time will not come: the log refused the repetition."""
        self.ahead.discard(event_id)

    def _follow(self, cause: Recorded, emits: tuple[Emit, ...]) -> list[Entry]:
        entries: list[Entry] = []
        waiting = deque((cause, emit) for emit in self._distinct(emits))
        while waiting:
            because, emit = waiting.popleft()
            entry = self._entry(because, emit)
            event = entry.event
            if event.event_id in self.ahead:
                continue  # its cause stands on the log twice
            entries.append(entry)
            if len(entries) >= names.MAX_BATCH_MESSAGES:  # one is the tick's
                raise Fatal(
                    f"{self._service}: event {cause.event.event_id} led to {len(entries)} others"
                    " and more; its core never comes to rest"
                )
            self.ahead.add(event.event_id)
            own = replace(because, event=event, subject=subject_for(event, key=entry.key))
            self.state = self._core.evolve(self.state, own)
            following = self._core.decide(self.state, own, because.recorded_at)
            waiting.extend((own, each) for each in self._distinct(following))
        return entries

    def _distinct(self, emits: tuple[Emit, ...]) -> tuple[Emit, ...]:
        if len({emit.label for emit in emits}) != len(emits):
            labels = ", ".join(emit.label for emit in emits)
            raise Fatal(f"{self._service}: decisions on one cause share a label: {labels}")
        return emits

    def _entry(self, because: Recorded, emit: Emit) -> Entry:
        if isinstance(emit.payload, StateChange):
            raise Fatal(f"{self._service}: a core decides; resources are changed by `Agent.change`")
        key = emit.key or scope_key(self._scope)
        if self._scope != MAIN and key != self._scope:
            raise Fatal(f"{self._service}: who leads {self._scope} cannot write for {key}")
        cause = because.event
        traced = _TRACED(f"{cause.trace_id}-{cause.span_id}") is not None
        event = Event(
            event_id=child_id(cause.event_id, f"{self._service}/{self._scope}/{emit.label}"),
            timestamp=because.recorded_at,
            agent_role=self._role,
            agent_id=f"{self._service}/{self._scope}",
            payload=emit.payload,
            trace_id=cause.trace_id if traced else "",
            span_id=cause.span_id if traced else "",
            causation_id=cause.event_id[:MOST_ID_CHARACTERS],
            correlation_id=(cause.correlation_id or cause.event_id)[:MOST_ID_CHARACTERS],
        )
        return Entry(event=event, key=key)


def scope_key(scope: str) -> str | None:
    """The key of a role's own events: its scope, where there is more than the main one."""
    return None if scope == MAIN else scope


def _tick_of(event: Event) -> Tick:
    tick = event.payload
    assert isinstance(tick, TickObserved)
    return Tick(
        event_id=event.event_id,
        term=tick.term,
        number=tick.number,
        as_of_sequence=tick.as_of_sequence,
    )
