"""How does a pure core run on the real log? One leader, from a snapshot on, every write fenced.

Each time it starts, after a crash, a reconnect or a change of leader, it does the same thing: load
the last snapshot that belongs to this log, recall what the service has written since, read on,
decide again, and append what is not on the log yet. Derived ids make the repeat harmless. Any
failure ends in this very start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

import nats.js.errors
import structlog

from enchanted.events.v1.swarm_event_pb2 import AgentRole
from nervous_system import names
from nervous_system.bus import Bus, recorded
from nervous_system.clock import Clock, Stopwatch, stopwatch, system_clock
from nervous_system.decision import Core
from nervous_system.errors import Duplicate, Fenced, LogFull, Transient, Unavailable, Unreadable
from nervous_system.event import Event
from nervous_system.failpoint import failpoint
from nervous_system.fold import Fold, scope_key
from nervous_system.ids import content_hash, new_event_id
from nervous_system.leadership import Term, take_term
from nervous_system.lease import leading, open_leases
from nervous_system.message import Entry
from nervous_system.metric_catalogue import (
    EVENTS_DECIDED,
    EVENTS_FOLDED,
    EVENTS_SKIPPED,
    LEADING,
    POSITION,
    SNAPSHOTS,
    TERM,
)
from nervous_system.payload import Payload
from nervous_system.snapshots import Snapshot, Snapshots, open_snapshots
from nervous_system.stream import Stored
from nervous_system.subjects import source_of, token

State = TypeVar("State")

_log = structlog.get_logger()

RESTART_SECONDS: Final = 1.0
BATCH_EVENTS: Final = 500
LONGEST_WAIT_SECONDS: Final = 1.0


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

    def __post_init__(self) -> None:
        if source_of(self.agent_role) != self.service:
            raise ValueError(f"{self.service} cannot publish as {source_of(self.agent_role)}")

    @property
    def key(self) -> str:
        """Its name among leases and snapshots."""
        return f"{self.service}.{token(self.scope)}"

    @property
    def own(self) -> str:
        """The filter of what it writes."""
        key = scope_key(self.scope)
        of_scope = ">" if key is None else f"*.{token(key)}"
        return f"{names.EVENTS}.{self.service}.{of_scope}"

    @property
    def reads(self) -> tuple[str, ...]:
        """The filters of what is folded, none within another."""
        filters = dict.fromkeys((*self.subjects, self.own))
        return tuple(
            each for each in filters if not any(covers(o, each) for o in filters if o != each)
        )


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
        watch: Stopwatch = stopwatch,
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        self._bus = bus
        self._role = role
        self._holder = holder
        self._clock = clock
        self._watch = watch
        self._progress = progress
        self._metrics = bus.metrics
        self._term: Term | None = None
        self._leads = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Lead whenever nobody else does, until `stop` is set.

        Raises only what is permanent or fatal; for a full log it waits.
        """
        while not stop.is_set():
            try:
                await self._run_once(stop)
            except (Fenced, LogFull, Transient) as error:
                _log.warning("runner.restarting", role=self._role.key, reason=str(error))
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), RESTART_SECONDS)

    async def observe(self, payload: Payload, *, key: str | None = None) -> None:
        """Append a measurement of the world as the leader; waits until there is one here.

        It comes back through the log and is decided on like any other event. Raises Fenced,
        NotAcknowledged and what `Bus.append` raises.
        """
        await self._leads.wait()
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

    async def _run_once(self, stop: asyncio.Event) -> None:
        role, connection = self._role, self._bus.connection
        replicas = int((await self._bus.stream.configuration())["num_replicas"])
        leases = await open_leases(connection, replicas=replicas)
        async with leading(
            leases, role.key, holder=self._holder, stop=stop, waiting=self._progress
        ) as lease:
            if lease is None:
                return
            bucket = await open_snapshots(connection, replicas=replicas)
            term = await take_term(
                self._bus,
                service=role.service,
                scope=role.scope,
                role=role.agent_role,
                holder=self._holder,
                clock=self._clock,
                watch=self._watch,
            )
            _log.info("leadership.taken", role=role.key, term=term.number)
            self._metrics.gauge(TERM).set(term.number)
            try:
                await self._lead(term, Snapshots(bucket, role.key, role.state_type), stop)
            finally:
                self._metrics.gauge(LEADING).set(0)
                self._term = None
                self._leads.clear()

    async def _lead(self, term: Term, snapshots: Snapshots[State], stop: asyncio.Event) -> None:
        fold = await self._recover(snapshots)
        self._term = term
        self._leads.set()
        self._metrics.gauge(LEADING).set(1)
        folded = self._metrics.counter(EVENTS_FOLDED)
        unsaved, saved_at = 0, self._watch()
        number = 0
        next_tick = self._watch() + self._role.tick_seconds
        async with self._bus.reader(
            start_sequence=fold.sequence + 1, subjects=_separate(self._role.reads)
        ) as reader:
            while not stop.is_set():
                self._progress()
                wait = min(max(0.0, next_tick - self._watch()), LONGEST_WAIT_SECONDS)
                if not reader.at_end:
                    wait = LONGEST_WAIT_SECONDS
                entries: list[Entry] = []
                batch = await reader.batch(most=BATCH_EVENTS, within_seconds=wait)
                for stored in batch:
                    entries += self._take(fold, stored, term)
                await self._append(fold, entries, term)
                if reader.at_end and self._watch() >= next_tick:
                    number += 1
                    tick = fold.tick(
                        term=term.number,
                        term_id=term.event_id,
                        number=number,
                        now=term.now(self._watch()),
                    )
                    await self._append(fold, fold.strike(tick), term)
                    next_tick = self._watch() + self._role.tick_seconds
                folded.inc(len(batch))
                self._metrics.gauge(POSITION).set(fold.sequence)
                unsaved += len(batch)
                if unsaved >= self._role.snapshot_events or (
                    unsaved and self._watch() - saved_at >= self._role.snapshot_seconds
                ):
                    await self._save(snapshots, fold)
                    unsaved, saved_at = 0, self._watch()
        if unsaved:
            await self._save(snapshots, fold)

    async def _recover(self, snapshots: Snapshots[State]) -> Fold[State]:
        """The last state that belongs to this log, and what was written behind it."""
        snapshot = await snapshots.load()
        fold = self._fold(snapshot)
        await self._recall(fold)
        if snapshot is not None:
            reason = await self._foreign(snapshot, fold)
            self._metrics.counter(SNAPSHOTS).labels("refused" if reason else "loaded").inc()
            if reason:
                _log.error(
                    "snapshot.foreign",
                    role=self._role.key,
                    sequence=snapshot.sequence,
                    reason=reason,
                    remedy="none needed: the state is folded from the log again",
                )
                fold = self._fold(None)
                await self._recall(fold)
        first = (await self._bus.stream.state()).first_sequence
        if fold.sequence + 1 < first:
            _log.warning(
                "runner.history_missing",
                role=self._role.key,
                first_sequence=fold.sequence + 1,
                last_sequence=first - 1,
                reason="the log no longer has these positions, and no snapshot is younger",
            )
        return fold

    async def _recall(self, fold: Fold[State]) -> None:
        subjects, start = [self._role.own], fold.sequence + 1
        async for stored in self._bus.replay(start_sequence=start, subjects=subjects):
            with suppress(Unreadable):  # it is counted when its turn comes to be folded
                fold.recall(recorded(stored))
            self._progress()

    async def _foreign(self, snapshot: Snapshot[State], fold: Fold[State]) -> str:
        """Why the log is not the one that the snapshot was folded from; empty where it is."""
        state = await self._bus.stream.state()
        if snapshot.stream_created != state.created:
            return f"the stream was made anew at {state.created}"
        if snapshot.sequence > state.last_sequence:
            return f"the stream ends at {state.last_sequence}: it was truncated"
        if fold.missing:
            return f"{len(fold.missing)} events that it counts on are gone: the log was truncated"
        if snapshot.sequence >= state.first_sequence:
            stored = await self._bus.stream.at(snapshot.sequence)
            if _fingerprint(stored) != snapshot.fingerprint:
                return "another event stands at its position: the stream was truncated"
        return ""

    async def _save(self, snapshots: Snapshots[State], fold: Fold[State]) -> None:
        """A snapshot that cannot be written costs time later; leading goes on."""
        try:
            stored = await self._bus.stream.at(fold.sequence)
            await snapshots.save(
                Snapshot(
                    state=fold.state,
                    sequence=fold.sequence,
                    stream_created=(await self._bus.stream.state()).created,
                    fingerprint=_fingerprint(stored),
                    ahead=frozenset(fold.ahead),
                )
            )
        except (Transient, nats.js.errors.Error) as error:
            _log.warning("snapshot.not_written", role=self._role.key, reason=str(error))
            self._metrics.counter(SNAPSHOTS).labels("not_written").inc()
        else:
            self._metrics.counter(SNAPSHOTS).labels("written").inc()

    def _fold(self, snapshot: Snapshot[State] | None) -> Fold[State]:
        return Fold(
            self._role.core,
            service=self._role.service,
            scope=self._role.scope,
            role=self._role.agent_role,
            state=snapshot.state if snapshot is not None else None,
            sequence=snapshot.sequence if snapshot is not None else 0,
            ahead=snapshot.ahead if snapshot is not None else frozenset(),
        )

    def _take(self, fold: Fold[State], stored: Stored, term: Term) -> list[Entry]:
        if stored.sequence > term.sequence and stored.subject == term.subject:
            # What follows was decided by another: to fold it as if it were ours would be wrong.
            raise Fenced(f"a newer leader holds {term.subject}; this one stops reading")
        if not any(covers(each, stored.subject) for each in self._role.reads):
            return []
        try:
            return fold.take(recorded(stored))
        except Unreadable as error:
            self._metrics.counter(EVENTS_SKIPPED).labels("unreadable").inc()
            _log.warning("runner.skipped", role=self._role.key, reason=str(error))
            return []

    async def _append(self, fold: Fold[State], entries: Sequence[Entry], term: Term) -> None:
        for start in range(0, len(entries), names.MAX_BATCH_MESSAGES):
            batch = entries[start : start + names.MAX_BATCH_MESSAGES]
            traces = list(dict.fromkeys(filter(None, map(_traceparent, batch))))
            alone = traces[0] if len(traces) == 1 else None
            with self._bus.tracer.span(
                "decide",
                f"{names.EVENTS}.{self._role.service}",
                kind="consumer",
                parent=alone,
                links=() if alone else traces,
            ) as span:
                if alone:
                    batch = [
                        replace(each, event=replace(each.event, span_id=span.span_id))
                        if each.event.trace_id
                        else each
                        for each in batch
                    ]
                failpoint("runner.before_append")
                await self._append_batch(fold, batch, term)
                failpoint("runner.after_append")

    async def _append_batch(self, fold: Fold[State], batch: Sequence[Entry], term: Term) -> None:
        decided = self._metrics.counter(EVENTS_DECIDED)
        try:
            await self._bus.append(batch, fence=term.fence)
        except Duplicate as error:
            # A cause stands on the log twice, and what follows from it is there already.
            repeated = batch[0].event.event_id
            if len(batch) > 1:
                for each in batch:
                    await self._append_batch(fold, [each], term)
                return
            fold.forget(repeated)
            self._metrics.counter(EVENTS_SKIPPED).labels("repeated").inc()
            _log.warning("runner.repeated", role=self._role.key, reason=str(error))
        else:
            decided.inc(len(batch))


def covers(wide: str, narrow: str) -> bool:
    """Whether every subject of the filter `narrow`, or the subject `narrow`, is on `wide`."""
    ours, theirs = wide.split("."), narrow.split(".")
    for number, each in enumerate(ours):
        if each == ">":
            return len(theirs) > number
        if number >= len(theirs) or theirs[number] == ">" or each not in ("*", theirs[number]):
            return False
    return len(ours) == len(theirs)


def _separate(filters: tuple[str, ...]) -> tuple[str, ...]:
    """What the server is asked for: it takes no filters that overlap, and then all is read."""
    overlapping = any(
        _overlap(one, other) for one in filters for other in filters if one is not other
    )
    return (names.ALL_EVENTS,) if overlapping else filters


def _overlap(one: str, other: str) -> bool:
    ours, theirs = one.split("."), other.split(".")
    for mine, yours in zip(ours, theirs, strict=False):
        if ">" in (mine, yours):
            return True
        if mine != yours and "*" not in (mine, yours):
            return False
    return len(ours) == len(theirs)


def _fingerprint(stored: Stored | None) -> str:
    return content_hash(stored.data if stored is not None else None)


def _traceparent(entry: Entry) -> str | None:
    event = entry.event
    return f"00-{event.trace_id}-{event.span_id}-01" if event.trace_id else None
