"""How does a pure core run on the real log? One leader, from a snapshot on, every write fenced.

Each time it starts, after a crash, a reconnect or a change of leader, it does the same thing: load
the last snapshot that belongs to this log, read on from there, decide again, and append what is
not on the log yet. Derived ids make the repeat harmless. Any failure ends in this very start.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from enchanted.events.v1.leadership_pb2 import TickObserved
from enchanted.events.v1.swarm_event_pb2 import AgentRole
from nervous_system import names
from nervous_system.bus import Bus, recorded
from nervous_system.clock import Clock, system_clock
from nervous_system.decision import Core
from nervous_system.errors import Fenced, Transient, Unavailable, Unreadable
from nervous_system.event import Event, Recorded
from nervous_system.failpoint import failpoint
from nervous_system.fold import Fold, scope_key
from nervous_system.ids import new_event_id
from nervous_system.leadership import Term, take_term
from nervous_system.lease import leading, open_leases
from nervous_system.message import Entry
from nervous_system.payload import Payload
from nervous_system.snapshots import Snapshot, Snapshots, open_snapshots
from nervous_system.stream import Stored
from nervous_system.subjects import token

State = TypeVar("State")

_log = structlog.get_logger()

RESTART_SECONDS = 1.0
BATCH_EVENTS = 500
LONGEST_WAIT_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Role(Generic[State]):
    """What is run, as which part of the mesh."""

    core: Core[State]
    state_type: type[State]
    service: str
    scope: str  # what is led: "main", or a host
    agent_role: AgentRole.ValueType
    subjects: tuple[str, ...]  # filters of what the core reads; its own events are read in any case
    tick_seconds: float
    snapshot_events: int = 10_000
    snapshot_seconds: float = 300.0

    @property
    def key(self) -> str:
        """Its name among leases and snapshots."""
        return f"{self.service}.{self.scope}"

    @property
    def own(self) -> tuple[str, ...]:
        """The filters of what it writes."""
        key = scope_key(self.scope)
        of_scope = ">" if key is None else f"*.{token(key)}"
        return (f"{names.EVENTS}.{self.service}.{of_scope}",)


class Runner(Generic[State]):
    """Runs one role in one process.

    Others with the same key wait until this one is gone.
    """

    def __init__(
        self,
        bus: Bus,
        role: Role[State],
        *,
        holder: str,
        clock: Clock = system_clock,
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        self._bus = bus
        self._role = role
        self._holder = holder
        self._clock = clock
        self._progress = progress
        self._term: Term | None = None
        self._caught_up = asyncio.Event()
        self.skipped = 0  # events that could not be read; the ingestor parks them

    async def run(self, stop: asyncio.Event) -> None:
        """Lead whenever nobody else does, until `stop` is set.

        Raises only what is permanent or fatal.
        """
        replicas = int((await self._bus.stream.configuration())["num_replicas"])
        leases = await open_leases(self._bus.connection, replicas=replicas)
        bucket = await open_snapshots(self._bus.connection, replicas=replicas)
        snapshots = Snapshots[State](bucket, self._role.key, self._role.state_type)
        while not stop.is_set():
            try:
                async with leading(
                    leases, self._role.key, holder=self._holder, stop=stop, waiting=self._progress
                ) as lease:
                    if lease is None:
                        return
                    self._term = await take_term(
                        self._bus,
                        service=self._role.service,
                        scope=self._role.scope,
                        role=self._role.agent_role,
                        holder=self._holder,
                        clock=self._clock,
                    )
                    _log.info("leadership.taken", role=self._role.key, term=self._term.number)
                    await self._lead(self._term, snapshots, stop)
            except (Fenced, Transient) as error:
                _log.warning("runner.restarting", role=self._role.key, reason=str(error))
                await _pause(stop, RESTART_SECONDS)
            finally:
                self._term = None
                self._caught_up.clear()

    async def observe(self, payload: Payload, *, key: str | None = None) -> None:
        """Append a measurement of the world as the leader; waits until there is one here.

        It comes back through the log and is decided on like any other event. Raises Fenced,
        NotAcknowledged and what `Bus.append` raises.
        """
        await self._caught_up.wait()
        term = self._term
        if term is None:
            raise Unavailable(f"{self._role.key} has just stopped leading; observe again later")
        event = Event(
            event_id=new_event_id(),
            timestamp=self._clock(),
            agent_role=self._role.agent_role,
            agent_id=f"{self._role.service}/{self._role.scope}",
            payload=payload,
        )
        entry = Entry(event=event, key=key or scope_key(self._role.scope))
        await self._bus.append([entry], fence=term.fence)

    async def _lead(self, term: Term, snapshots: Snapshots[State], stop: asyncio.Event) -> None:
        fold = await self._recover(snapshots, term)
        saved_sequence, saved_at = 0, self._clock()
        loop = asyncio.get_running_loop()
        number = 0
        next_tick = loop.time() + self._role.tick_seconds
        async with self._bus.reader(
            start_sequence=fold.sequence + 1, subjects=self._subjects
        ) as reader:
            self._caught_up.set()
            while not stop.is_set():
                self._progress()
                wait = min(LONGEST_WAIT_SECONDS, max(0.0, next_tick - loop.time()))
                entries: list[Entry] = []
                for stored in await reader.batch(most=BATCH_EVENTS, within_seconds=wait):
                    entries += self._take(fold, stored)
                await self._append(entries, term)
                if reader.at_end and loop.time() >= next_tick:
                    number += 1
                    struck = fold.strike(term=term.number, number=number, now=self._clock())
                    await self._append(struck, term)
                    next_tick = loop.time() + self._role.tick_seconds
                age_seconds = (self._clock() - saved_at).total_seconds()
                if fold.sequence - saved_sequence >= self._role.snapshot_events or (
                    fold.sequence != saved_sequence and age_seconds >= self._role.snapshot_seconds
                ):
                    await self._save(snapshots, fold)
                    saved_sequence, saved_at = fold.sequence, self._clock()
        if fold.sequence != saved_sequence:
            await self._save(snapshots, fold)

    async def _recover(self, snapshots: Snapshots[State], term: Term) -> Fold[State]:
        """The state at the end of the log; what an earlier leader decided but could not write is
        written now."""
        fold = await self._from_snapshot(snapshots)
        start = fold.sequence + 1
        written: set[str] = set()
        ticks: deque[Recorded] = deque()
        async for stored in self._bus.replay(start_sequence=start, subjects=self._role.own):
            event = self._readable(stored)
            if event is not None:
                written.add(event.event.event_id)
                if isinstance(event.event.payload, TickObserved):
                    ticks.append(event)
        entries: list[Entry] = []
        async for stored in self._bus.replay(start_sequence=start, subjects=self._subjects):
            while ticks and _seen(ticks[0]) < stored.sequence:
                entries += self._strike_again(fold, ticks.popleft())
            entries += self._take(fold, stored)
            if len(entries) >= BATCH_EVENTS:
                await self._append([each for each in entries if not _in(each, written)], term)
                entries.clear()
            self._progress()
        while ticks:
            entries += self._strike_again(fold, ticks.popleft())
        await self._append([each for each in entries if not _in(each, written)], term)
        return fold

    async def _from_snapshot(self, snapshots: Snapshots[State]) -> Fold[State]:
        snapshot = await snapshots.load()
        if snapshot is None or not await self._belongs(snapshot):
            return self._fold()
        return self._fold(state=snapshot.state, sequence=snapshot.sequence, ahead=snapshot.ahead)

    async def _belongs(self, snapshot: Snapshot[State]) -> bool:
        """Whether the log still is the one that the snapshot was folded from."""
        state = await self._bus.stream.state()
        reason = ""
        if snapshot.stream_created != state.created:
            reason = f"the stream was made anew at {state.created}"
        elif snapshot.sequence > state.last_sequence:
            reason = f"the stream ends at {state.last_sequence}: it was truncated"
        elif snapshot.sequence >= state.first_sequence:
            stored = await self._bus.stream.at(snapshot.sequence)
            if stored is not None and (stored.message_id or "") != snapshot.event_id:
                reason = "another event stands at its position: the stream was truncated"
        if reason:
            _log.error(
                "snapshot.foreign",
                role=self._role.key,
                sequence=snapshot.sequence,
                reason=reason,
                remedy="none needed: the state is folded from the log again",
            )
        return not reason

    async def _save(self, snapshots: Snapshots[State], fold: Fold[State]) -> None:
        stored = await self._bus.stream.at(fold.sequence)
        await snapshots.save(
            Snapshot(
                state=fold.state,
                sequence=fold.sequence,
                stream_created=(await self._bus.stream.state()).created,
                event_id=(stored.message_id if stored is not None else None) or "",
                ahead=frozenset(fold.ahead),
            )
        )

    def _fold(
        self,
        *,
        state: State | None = None,
        sequence: int = 0,
        ahead: frozenset[str] = frozenset(),
    ) -> Fold[State]:
        return Fold(
            self._role.core,
            service=self._role.service,
            scope=self._role.scope,
            role=self._role.agent_role,
            state=state,
            sequence=sequence,
            ahead=ahead,
        )

    @property
    def _subjects(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self._role.subjects, *self._role.own)))

    def _take(self, fold: Fold[State], stored: Stored) -> list[Entry]:
        event = self._readable(stored)
        return [] if event is None else fold.take(event)

    def _strike_again(self, fold: Fold[State], event: Recorded) -> list[Entry]:
        tick = event.event.payload
        assert isinstance(tick, TickObserved)
        return fold.strike(term=tick.term, number=tick.number, now=event.event.timestamp)

    def _readable(self, stored: Stored) -> Recorded | None:
        try:
            return recorded(stored)
        except Unreadable as error:
            self.skipped += 1
            _log.warning("runner.skipped", role=self._role.key, reason=str(error))
            return None

    async def _append(self, entries: Sequence[Entry], term: Term) -> None:
        for start in range(0, len(entries), names.MAX_BATCH_MESSAGES):
            failpoint("runner.before_append")
            await self._bus.append(
                entries[start : start + names.MAX_BATCH_MESSAGES], fence=term.fence
            )
            failpoint("runner.after_append")


def _seen(tick: Recorded) -> int:
    assert isinstance(tick.event.payload, TickObserved)
    return tick.event.payload.as_of_sequence


def _in(entry: Entry, written: set[str]) -> bool:
    return entry.event.event_id in written


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
