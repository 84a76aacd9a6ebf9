"""How does a pure core run on the real log? One leader, from a snapshot on, every write fenced.

Each time it starts, after a crash, a reconnect or a change of leader, it does the same thing: load
the last snapshot that belongs to this log, recall what the service has written since, read on,
decide again, and append what is not on the log yet. Derived ids make the repeat harmless. Any
failure ends in this very start.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Generic, TypeVar, cast

import structlog

from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.swarm_event_pb2 import TYPE_REQUEST
from nervous_system import names
from nervous_system.bus import Bus
from nervous_system.clock import Clock, Stopwatch, stopwatch, system_clock
from nervous_system.contract.event import Event
from nervous_system.contract.message import Entry
from nervous_system.contract.payload import Payload
from nervous_system.contract.stored import Stored
from nervous_system.contract.subjects import on_any
from nervous_system.error_text import error_text
from nervous_system.errors import (
    Conflict,
    Duplicate,
    Fenced,
    LogFull,
    MalformedEvent,
    Transient,
    Unavailable,
    UnprocessableEvent,
    Untrusted,
)
from nervous_system.ids import new_event_id
from nervous_system.remedies import what_helps
from nervous_system.service.decision import AnsweringCore
from nervous_system.service.fenced_writer import FencedWriter
from nervous_system.service.fold import Fold, scope_key
from nervous_system.service.input_select import BATCH_EVENTS, MAX_WAIT_SECONDS, Inputs
from nervous_system.service.leadership import Fence, Term, is_live_term, take_term
from nervous_system.service.lease import hold_lease, open_leases
from nervous_system.service.packing import Snapshot
from nervous_system.service.request_queue import PendingRequest, RequestQueue, not_now
from nervous_system.service.service_spec import ServiceSpec, separate
from nervous_system.service.snapshot_keeper import SnapshotKeeper
from nervous_system.service.snapshots import Snapshots, open_snapshots
from nervous_system.service.turn_batcher import TurnBatcher
from nervous_system.telemetry.health import Work
from nervous_system.telemetry.metric_catalogue import (
    EVENTS_FOLDED,
    EVENTS_SKIPPED,
    LEADING,
    POSITION,
    TERM,
)
from nervous_system.transport.stream import DUPLICATE_WINDOW_SECONDS
from nervous_system.waiting import pause

State = TypeVar("State")

_log = structlog.get_logger()

RESTART_SECONDS: Final = 1.0
TURN_SECONDS: Final = 0.02
"""How long folding goes on before others get a turn: a renewal of the lease takes ten of theirs."""

MAX_REFUSED: Final = 1_000
MAX_DECIDED: Final = 100_000
"""Requests that are known to stand on the log; the log itself refuses those forgotten here."""


class Runner(Generic[State]):
    """Runs one role in one process.

    Others with the same key wait until this one is gone.
    """

    def __init__(
        self,
        bus: Bus,
        role: ServiceSpec[State],
        *,
        holder: str,
        clock: Clock = system_clock,
        watch: Stopwatch = stopwatch,
        progress: Callable[[], None] = lambda: None,
        work: Work | None = None,
        committed: Callable[[Payload], None] = lambda _: None,  # told of what was decided
    ) -> None:
        self._committed = committed
        self._work = work or Work()
        self._bus = bus
        self._spec = role
        self._holder = holder
        self._clock = clock
        self._watch = watch
        self._progress = progress
        self._metrics = bus.metrics
        self._is_read, self._is_heard = on_any(role.replay_filters), on_any(role.live_filters)
        self._writer: FencedWriter | None = None
        self._leads = asyncio.Event()
        self._fold_now: Fold[State] | None = None
        self._refused_ids: OrderedDict[str, None] = OrderedDict()  # causes the log took nothing on
        self._decided_ids: OrderedDict[str, None] = OrderedDict()  # requests that stand on the log
        self._repeated_ids: OrderedDict[str, None] = OrderedDict()  # those of which the log said so

    async def run(self, stop: asyncio.Event) -> None:
        """Lead whenever nobody else does, until `stop` is set.

        Raises only what is permanent or fatal; for a full log it waits.
        """
        while not stop.is_set():
            try:
                await self._run_once(stop)
            except (Fenced, LogFull, Transient) as error:
                _log.warning("runner.restarting", role=self._spec.key, reason=str(error))
                self._work.held_up(str(error), remedy=what_helps(error, server="nats"))
                await pause(RESTART_SECONDS, unless=stop)

    @property
    def leads(self) -> bool:
        """Whether this process decides at this moment, and no other."""
        return self._leads.is_set()

    def _wait(self) -> None:
        """One who waits for the lease is well: waiting is its work."""
        self._progress()
        self._work.goes_on()

    @property
    def state(self) -> State | None:
        """What is folded so far, while this process leads; None otherwise."""
        return self._fold_now.state if self._fold_now is not None else None

    async def observe(self, payload: Payload, *, key: str | None = None) -> None:
        """Append a measurement of the world as the leader; waits until there is one here.

        It comes back through the log and is decided on like any other event. Raises Fenced,
        NotAcknowledged and what `Bus.append` raises.
        """
        await self._leads.wait()
        writer = self._writer
        if writer is None:
            raise Unavailable(f"{self._spec.key} has just stopped leading; observe again later")
        event = Event(
            event_id=new_event_id(),
            timestamp=self._clock(),
            agent_role=self._spec.agent_role,
            agent_id=f"{self._spec.service}/{self._spec.scope}",
            payload=payload,
        )
        await writer.on_observed(Entry(event=event, key=key or scope_key(self._spec.scope)))

    async def _run_once(self, stop: asyncio.Event) -> None:
        role, connection = self._spec, self._bus.connection
        replicas = int((await self._bus.stream.configuration())["num_replicas"])
        leases = await open_leases(connection, replicas=replicas)
        async with hold_lease(
            leases, role.key, holder=self._holder, stop=stop, waiting=self._wait
        ) as lease:
            if lease is None:
                return
            bucket = await open_snapshots(connection, replicas=replicas)
            snapshots = Snapshots(
                connection,
                bucket,
                role.key,
                role.state_type,
                progress=self._progress,
                seal=self._bus.trusted.seal,
            )
            term = await take_term(
                self._bus,
                service=role.service,
                scope=role.scope,
                role=role.agent_role,
                holder=self._holder,
                clock=self._clock,
                watch=self._watch,
            )
            self._bus.check_clock(term.taken_at)
            _log.info("leadership.taken", role=role.key, term=term.number)
            self._metrics.gauge(TERM).set(term.number)
            try:
                await self._lead(
                    term, SnapshotKeeper(self._bus, role, snapshots, watch=self._watch), stop
                )
            finally:
                self._metrics.gauge(LEADING).set(0)
                self._writer = self._fold_now = None
                self._leads.clear()

    async def _lead(self, term: Term, keeper: SnapshotKeeper[State], stop: asyncio.Event) -> None:
        fold = await self._recover(keeper, term)
        writer = FencedWriter(
            self._bus,
            Fence.of(term),
            fold,
            now=lambda: term.now(self._watch()),
            committed=self._committed,
        )
        self._writer, self._fold_now = writer, fold
        self._leads.set()
        self._metrics.gauge(LEADING).set(1)
        some = asyncio.Event()  # from the log, or from one who asks
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(keeper.saving(fold))
            leading = _LeaderSession(fold, writer, term, keeper)
            read = await self._catch_up(leading, stop)
            self._work.goes_on()  # its term is on the log, and the log was read to its end
            reader = await stack.enter_async_context(
                self._bus.reader(
                    # What was skipped at the very end is behind the fold, and counted already.
                    start_sequence=max(fold.sequence, read) + 1,
                    subjects=separate(self._spec.live_filters),
                    filled=some,
                )
            )
            inbox: RequestQueue | None = None
            if self._spec.requests is not None:
                inbox = RequestQueue(
                    self._bus,
                    self._spec.requests,
                    some=some,
                    now=lambda: term.now(self._watch()),
                )
                await stack.enter_async_context(inbox)
                batcher = TurnBatcher(inbox, watch=self._watch)
            next_tick = self._watch() + self._spec.tick_seconds
            inputs = Inputs(reader, inbox, some)
            while not stop.is_set():
                self._progress()
                batch = await inputs.next(within_seconds=max(0.0, next_tick - self._watch()))
                await self._fold_in(leading, batch)
                if inbox is not None:
                    await self._decide_requests(leading, inbox, batcher)
                if reader.at_end and self._watch() >= next_tick:
                    await self._tick(leading)
                    self._work.goes_on()
                    next_tick = self._watch() + self._spec.tick_seconds
                keeper.save_when_due(fold)

    async def _catch_up(self, leading: _LeaderSession[State], stop: asyncio.Event) -> int:
        """Read on to the end of the log before anything is decided on silence or on requests; what
        former leaders wrote, too. The last position that was read; 0 for none."""
        fold = leading.fold
        async with self._bus.reader(
            start_sequence=fold.sequence + 1, subjects=separate(self._spec.replay_filters)
        ) as reader:
            read = 0  # the server's end may be behind: behind the term nobody else writes
            while not (reader.at_end and read >= leading.term.sequence) and not stop.is_set():
                self._progress()
                batch = await reader.batch(
                    max_messages=BATCH_EVENTS, within_seconds=MAX_WAIT_SECONDS
                )
                await self._fold_in(leading, batch)
                read = batch[-1].sequence if batch else read
                leading.keeper.save_when_due(fold)
                await asyncio.sleep(0)  # a full buffer gives nobody else a turn
        return read

    async def _fold_in(self, leading: _LeaderSession[State], batch: Sequence[Stored]) -> None:
        """By the clock and not by number: on a busy machine a thousand events can take longer than
        the lease lasts, and who loses it begins to fold from the start."""
        entries: list[Entry] = []
        until = self._watch() + TURN_SECONDS
        for stored in batch:
            entries += self._take(leading, stored)
            if self._watch() >= until:
                await self._append(leading, entries)
                entries = []
                await asyncio.sleep(0)
                until = self._watch() + TURN_SECONDS
        await self._append(leading, entries)
        self._metrics.gauge(POSITION).set(leading.fold.sequence)

    async def _append(self, leading: _LeaderSession[State], entries: Sequence[Entry]) -> None:
        self._metrics.counter(EVENTS_FOLDED).inc(leading.fold.folded - leading.folded)
        leading.folded = leading.fold.folded
        try:
            await leading.writer.append(entries)
        except Conflict:
            causes = await leading.writer.begun_before(entries)
            for cause in causes:
                _log.error(
                    "runner.begun_before",
                    role=self._spec.key,
                    event_id=cause,
                    reason="what it would begin is on the log already, and long over",
                    remedy="none needed: nothing follows from it; choose another id",
                )
            _remember_ids(self._refused_ids, causes, max_ids=MAX_REFUSED)
            raise  # the state has it already: it is folded anew without

    async def _tick(self, leading: _LeaderSession[State]) -> None:
        leading.turns += 1
        tick = leading.fold.tick(
            term=leading.term.number,
            term_id=leading.term.event_id,
            number=leading.turns,
            now=leading.term.now(self._watch()),
        )
        with self._spec.around_tick(leading.fold.state, tick.timestamp):
            await self._append(leading, leading.fold.apply_tick(tick))

    async def _decide_requests(
        self, leading: _LeaderSession[State], inbox: RequestQueue, batcher: TurnBatcher
    ) -> None:
        """All that wait, in turns that each fit one batch; answered after the log confirmed."""
        fold = leading.fold
        while inbox.waiting:
            leading.turns += 1
            taken = fold.requests_taken(
                term=leading.term.number,
                term_id=leading.term.event_id,
                number=leading.turns,
                now=leading.term.now(self._watch()),
            )
            asked: list[PendingRequest] = []
            undecidable: dict[str, str] = {}  # by event id, why
            decided: list[Entry] = []
            batcher.begin()
            while some := await batcher.next():
                asked += some
                for each in some:
                    # One that was decided on before leads to nothing more, even if it is long over.
                    if each.event.event_id not in self._decided_ids:
                        try:
                            decided += fold.decide_request(taken, each.event, each.data)
                        except UnprocessableEvent as error:
                            _log.error(
                                "runner.undecidable", reason=str(error), exception=error_text(error)
                            )
                            undecidable[each.event.event_id] = str(error)
            try:
                await self._append_requests(leading, fold.close_turn(taken, decided))
            except BaseException as error:
                later = not_now(str(error) or type(error).__name__)
                inbox.answer((each, later) for each in asked)
                raise
            core = cast(AnsweringCore[State], self._spec.core)
            answers: list[tuple[PendingRequest, Answer]] = []
            for each in asked:
                reason = undecidable.get(each.event.event_id)
                if reason is not None:
                    answer = Answer(reasons=[reason])
                else:
                    answer = core.answer(fold.state, each.event, taken.timestamp)
                if answer.again and each.event.event_id in self._decided_ids:
                    answer = Answer(reasons=["it led to something that is over; ask anew"])
                answer.sequence = fold.sequence
                answers.append((each, answer))
            inbox.answer(answers)
            batcher.close_turn()

    async def _append_requests(
        self, leading: _LeaderSession[State], entries: Sequence[Entry]
    ) -> None:
        asked = {e.event.event_id for e in entries if e.event.event_type == TYPE_REQUEST}
        try:
            await self._append(leading, entries)
        except Duplicate as error:
            window = timedelta(seconds=2 * DUPLICATE_WINDOW_SECONDS)
            on_log = self._bus.replay(
                start_time=leading.term.now(self._watch()) - window,
                subjects=[f"{names.EVENTS}.request.>"],
                headers_only=True,
            )
            decided = asked.intersection([stored.message_id async for stored in on_log])
            _remember_ids(self._repeated_ids, decided or asked, max_ids=MAX_REFUSED)
            raise Conflict(  # the state has it already: it is folded anew without
                f"{len(decided)} requests that came again had been decided on before"
            ) from error
        _remember_ids(self._decided_ids, asked, max_ids=MAX_DECIDED)

    async def _recover(self, keeper: SnapshotKeeper[State], term: Term) -> Fold[State]:
        """The last state that belongs to this log, and what was written behind it."""
        snapshot = await keeper.load()
        fold = self._fold(snapshot)
        await self._recall(fold, term)
        if snapshot is not None and not await keeper.belongs(snapshot, missing=len(fold.missing)):
            fold = self._fold(None)
            await self._recall(fold, term)
        first = (await self._bus.stream.state()).first_sequence
        if fold.sequence + 1 < first:
            _log.warning(
                "runner.history_missing",
                role=self._spec.key,
                first_sequence=fold.sequence + 1,
                last_sequence=first - 1,
                reason="the log no longer has these positions, and no snapshot is younger",
            )
        return fold

    async def _recall(self, fold: Fold[State], term: Term) -> None:
        self._decided_ids = self._repeated_ids.copy()
        subjects, start = list(self._spec.own_filters), fold.sequence + 1
        last = 0
        until = self._watch() + TURN_SECONDS
        async for stored in self._bus.replay(start_sequence=start, subjects=subjects):
            with suppress(MalformedEvent):  # it is counted when its turn comes to be folded
                own = self._bus.decode_stored(stored)
                fold.preload_own(own)
                if own.event.event_type == TYPE_REQUEST:
                    _remember_ids(self._decided_ids, [own.event.event_id], max_ids=MAX_DECIDED)
            last = stored.sequence
            if self._watch() >= until:
                self._progress()
                await asyncio.sleep(0)  # as in `_fold_in`
                until = self._watch() + TURN_SECONDS
        if start <= term.sequence and last < term.sequence:
            raise Unavailable(f"the server that was read from has yet to see {term.subject}")

    def _fold(self, snapshot: Snapshot[State] | None) -> Fold[State]:
        return Fold(
            self._spec.core,
            service=self._spec.service,
            scope=self._spec.scope,
            role=self._spec.agent_role,
            state=snapshot.state if snapshot is not None else None,
            sequence=snapshot.sequence if snapshot is not None else 0,
            pending_ids=snapshot.pending_ids if snapshot is not None else frozenset(),
            refused=self._refused_ids,
            hears=self._is_heard,
        )

    def _take(self, leading: _LeaderSession[State], stored: Stored) -> list[Entry]:
        term, fold = leading.term, leading.fold
        behind = stored.sequence > term.sequence and stored.subject == term.subject
        if behind and is_live_term(self._bus, stored):
            # What follows was decided by another: to fold it as if it were ours would be wrong.
            raise Fenced(f"a newer leader holds {term.subject}; this one stops reading")
        if not self._is_read(stored.subject):
            return []
        leading.writer.saw(stored.subject, stored.sequence)
        try:
            if stored.is_history(self._bus.trusted):
                return fold.skip(stored.sequence, stored.recorded_at)
            own = fold.committed_id_at(stored.sequence)
            if own and stored.message_id == own:  # it needs no decoding
                return fold.skip_own(own, stored.sequence, stored.recorded_at)
            return fold.apply(self._bus.decode_stored(stored))
        except MalformedEvent as error:
            reason = "untrusted" if isinstance(error, Untrusted) else "unreadable"
            self._metrics.counter(EVENTS_SKIPPED).labels(reason).inc()
            _log.warning("runner.skipped", role=self._spec.key, reason=str(error))
            return []


@dataclass(slots=True)
class _LeaderSession(Generic[State]):
    """What a leader holds while it leads."""

    fold: Fold[State]
    writer: FencedWriter
    term: Term
    keeper: SnapshotKeeper[State]
    turns: int = 0  # ticks and requests taken in this term
    folded: int = 0  # events that were counted


def _remember_ids(those: OrderedDict[str, None], ids: Iterable[str], *, max_ids: int) -> None:
    those.update(dict.fromkeys(ids))
    while len(those) > max_ids:
        those.popitem(last=False)
