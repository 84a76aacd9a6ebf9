"""How do positions get from the log into ClickHouse, in order, once, while reading goes on?

One insert is under way while the next batch is read and prepared. ClickHouse that does not answer
stops the pipeline here: the lag grows on the log, and nothing is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Any, TypeVar

import structlog

from ingestor.core import (
    REFUSED_BY_ENGINE,
    Examined,
    Prepared,
    cut,
    examine,
    identities,
    park,
    prepare,
)
from ingestor.doubts import Doubts
from ingestor.frames import Framer
from ingestor.model import Batch, Identity
from ingestor.ports import TooLargeNow, Warehouse
from ingestor.settings import IngestorSettings
from ingestor.turns import worked_on
from nervous_system.contract.live_keys import LiveKeys
from nervous_system.contract.stored import Stored
from nervous_system.errors import Permanent, Transient, Unavailable
from nervous_system.failpoint import failpoint
from nervous_system.names import ALL_EVENTS, TRACEPARENT
from nervous_system.remedies import what_helps
from nervous_system.retry import RetryPolicy
from nervous_system.telemetry import semantic_names as attribute
from nervous_system.telemetry.health import Progress, Work
from nervous_system.telemetry.metric_catalogue import (
    INSERT_FAILURES,
    INSERT_ROWS,
    INSERT_SECONDS,
    POSITIONS_STORED,
    WATERMARK,
)
from nervous_system.telemetry.metrics import Metrics
from nervous_system.telemetry.tracing import MAX_LINKS, Tracer
from nervous_system.transport.reader import Interrupted, Reader
from nervous_system.waiting import pause

_log = structlog.get_logger()

Answer = TypeVar("Answer")
Run = Sequence[Examined]
"""Consecutive positions of one partition."""

SLICE_EVENTS = 200
"""What is worked on in one go; in between, an insert under way goes on being sent."""

GROWTH = 4
"""By how much a batch may be larger than the one before while there is a backlog: the engine is at
work long before the largest batch has been read."""

DRAINING_WAIT_SECONDS = 0.2
"""Between two tries after the stop."""


class Recording:
    """The pipeline of one writer in one epoch."""

    def __init__(
        self,
        *,
        warehouse: Warehouse,
        framer: Framer,
        keys: LiveKeys,
        doubts: Doubts,
        next_sequence: int,
        settings: IngestorSettings,
        tracer: Tracer,
        metrics: Metrics,
        progress: Progress,
        work: Work,
        stop: asyncio.Event,
        retry: RetryPolicy | None = None,
    ) -> None:
        self._warehouse = warehouse
        self._framer = framer
        self._keys = keys
        self._doubts = doubts
        self._settings = settings
        self._tracer = tracer
        self._metrics = metrics
        self._progress = progress
        self._work = work
        self._stop = stop
        self._retry = retry or RetryPolicy(first_seconds=0.1, longest_seconds=5.0)
        self._inserting: asyncio.Task[frozenset[Identity]] | None = None
        self._inserting_events: frozenset[Identity] = (
            frozenset()
        )  # as prepared; settled: as it came out
        self._next_sequence = next_sequence
        self._gathered = 0  # positions of the last batch
        self._ceiling = settings.catch_up_events  # no batch is larger: memory may be short
        self.watermark = next_sequence - 1
        self.last: Examined | None = None  # the position of the watermark, where it was stored here
        self.stalled = ""
        """Why it is to read anew, where somebody sees that nothing comes though positions wait."""

    @property
    def is_idle(self) -> bool:
        """Whether it has nothing in hand."""
        return self._inserting is None

    async def run(self, reader: Reader) -> None:
        """Record what the reader gives until the stop; what is in hand is stored, and it returns.

        Raises Interrupted from the reader and where a position is missing, Fenced and Permanent
        from ClickHouse.
        """
        runs: asyncio.Queue[Run | Exception | None] = asyncio.Queue(maxsize=1)
        reading = asyncio.create_task(self._read(reader, runs), name="read")
        try:
            while (run := await self._next(runs)) is not None:
                if isinstance(run, Exception):
                    await self._settle()
                    raise run
                await self._record(run)
            await self._settle()
        finally:
            for task in (reading, self._inserting):
                if task is not None:
                    task.cancel()
                    with suppress(asyncio.CancelledError, Exception):
                        await task

    async def _read(self, reader: Reader, runs: asyncio.Queue[Run | Exception | None]) -> None:
        """Read and examine ahead of what is being recorded; ends with None, or with the error."""
        try:
            while not self._stop.is_set():
                self._progress.mark("reading the log")
                if self.stalled:
                    raise Interrupted(f"the reader gives nothing: {self.stalled}")
                gathered = await self._gather(reader)
                positions = self._without_hole(gathered)
                examined: list[Examined] = []
                for start in range(0, len(positions), SLICE_EVENTS):
                    some = positions[start : start + SLICE_EVENTS]
                    look = partial(examine, some, self._framer, self._keys.in_force, self._doubts)
                    examined += await worked_on(look, some)
                for run in cut(examined):
                    await runs.put(run)
                if len(positions) < len(gathered):
                    raise Interrupted(f"position {self._next_sequence} is not on the log")
            await runs.put(None)
        except Exception as error:  # noqa: BLE001 - it is raised where the runs are taken
            await runs.put(error)

    def _without_hole(self, positions: Sequence[Stored]) -> Sequence[Stored]:
        """Those that follow without a hole on what was read before: none is skipped in silence."""
        first = self._next_sequence
        if positions and positions[-1].sequence - first + 1 != len(positions):
            expected = zip(positions, count(first), strict=False)
            whole = sum(1 for stored, sequence in expected if stored.sequence == sequence)
            positions = positions[:whole]
        self._next_sequence += len(positions)
        return positions

    async def _next(self, runs: asyncio.Queue[Run | Exception | None]) -> Run | Exception | None:
        """What comes next; a failed insert is raised here, also when nothing comes."""
        getting = asyncio.create_task(runs.get(), name="next run")
        try:
            while not getting.done():
                waiting: set[asyncio.Task[Any]] = {getting}
                if self._inserting is not None:
                    waiting.add(self._inserting)
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                if self._inserting is not None and self._inserting.done():
                    await self._settle()
            return getting.result()
        finally:
            getting.cancel()

    async def _gather(self, reader: Reader) -> list[Stored]:
        """The next batch: full, or old enough, or as large as the backlog allows."""
        loop = asyncio.get_running_loop()
        backlog = reader.backlog
        full = self._settings.batch_events
        if backlog > full:
            full = max(full, min(backlog, self._settings.catch_up_events, GROWTH * self._gathered))
        full = min(full, self._ceiling)
        room = self._settings.batch_bytes
        positions: list[Stored] = []
        deadline = loop.time() + self._settings.batch_seconds
        while len(positions) < full and room > 0:
            more = await reader.batch(
                most=full - len(positions),
                within_seconds=max(0.0, deadline - loop.time()),
                most_bytes=room,
            )
            if not more:
                break
            room -= sum(len(stored.data) for stored in more)
            positions += more
            if self._stop.is_set():
                break
        self._gathered = len(positions)
        return positions

    async def _record(self, run: Run) -> None:
        known = await self._known(run)
        assumed = self._inserting_events
        prepared = await self._prepare(run, known=known | assumed)
        failpoint("ingestor.before_insert")
        await self._settle()
        if (
            self._inserting_events != assumed
        ):  # the engine refused something: see what is stored now
            prepared = await self._prepare(run, known=await self._known(run))
        self._inserting_events = prepared.new
        self._inserting = asyncio.create_task(self._insert(prepared), name="insert")

    async def _prepare(self, run: Run, *, known: AbstractSet[Identity]) -> Prepared:
        """Repeats are looked through once more, so a run of them takes as long as it did."""
        work = partial(prepare, run, self._framer, known=known)
        return await worked_on(work, [each.stored for each in run])

    async def _known(self, run: Run) -> frozenset[Identity]:
        """The events of the run that ClickHouse has."""
        return await self._look_up(identities(run))

    async def _look_up(self, events: Sequence[Identity]) -> frozenset[Identity]:
        lookup = partial(self._warehouse.known, events)
        try:
            return await self._persist("looking ids up", lookup, cuttable=len(events) > 1)
        except TooLargeNow:
            middle = len(events) // 2
            return await self._look_up(events[:middle]) | await self._look_up(events[middle:])

    async def _settle(self) -> None:
        """Wait for the insert under way; its failure is raised here."""
        if self._inserting is not None:
            inserting, self._inserting = self._inserting, None
            try:
                self._inserting_events = await inserting
            except asyncio.CancelledError:
                inserting.cancel()
                raise

    async def _insert(self, prepared: Prepared) -> frozenset[Identity]:
        """Store it, however long that takes; the events that are stored by it."""
        batch = prepared.batch
        with (
            self._tracer.span(
                "insert",
                "swarm.events",
                kind="client",
                attributes={
                    attribute.DATABASE_SYSTEM: attribute.CLICKHOUSE_SYSTEM,
                    attribute.DATABASE_COLLECTION: "swarm.events",
                    attribute.MESSAGING_DESTINATION_TEMPLATE: ALL_EVENTS,
                    attribute.DATABASE_BATCH_SIZE: batch.rows,
                    attribute.FIRST_SEQUENCE: batch.first_seq,
                    attribute.LAST_SEQUENCE: batch.last_seq,
                    attribute.PARKED_COUNT: prepared.parked,
                    attribute.DUPLICATE_COUNT: prepared.duplicates,
                },
                links=_links(prepared) if self._tracer.recording else (),
            ),
            self._metrics.histogram(INSERT_SECONDS).time(),
        ):
            written = await self._write(prepared)
        self._after(len(prepared.examined), whole=len(written) == 1)
        failpoint("ingestor.after_insert")
        self.watermark = batch.last_seq
        self.last = prepared.examined[-1]
        self._metrics.gauge(WATERMARK).set(batch.last_seq)
        self._metrics.histogram(INSERT_ROWS).observe(batch.rows)
        stored = self._metrics.counter(POSITIONS_STORED)
        for part in written:
            stored.labels(disposition="stored").inc(len(part.new))
            stored.labels(disposition="parked").inc(part.parked)
            stored.labels(disposition="duplicate").inc(part.duplicates)
        return frozenset().union(*(part.new for part in written))

    async def _write(self, prepared: Prepared) -> list[Prepared]:
        """What was written, in order: the batch, or what it had to be cut into."""
        try:
            insert = partial(self._store, prepared.batch)
            await self._persist("inserting", insert, cuttable=len(prepared.examined) > 1)
        except TooLargeNow:
            return await self._in_halves(prepared)
        except Permanent:
            return await self._isolate(prepared)
        return [prepared]

    async def _in_halves(self, prepared: Prepared) -> list[Prepared]:
        """Too much at once for the memory that ClickHouse has: half of it, then the other half, and
        so on until it fits. If the whole was stored after all, the halves are not, by their place.
        """
        examined = prepared.examined
        middle = len(examined) // 2
        _log.warning("ingestor.batch_cut", rows=len(examined), reason="ClickHouse has no memory")
        written: list[Prepared] = []
        for half in (examined[:middle], examined[middle:]):
            part = await self._prepare(half, known=await self._known(half))
            written += await self._write(part)
        return written

    def _after(self, positions: int, *, whole: bool) -> None:
        """The next batches are as large as what fitted, and grow again by and by."""
        if not whole:
            self._ceiling = max(1, min(self._ceiling, positions) // 2)
        elif positions >= self._ceiling // 2:
            self._ceiling = min(
                self._settings.catch_up_events, self._ceiling + self._ceiling // 8 + 1
            )

    async def _store(self, batch: Batch) -> None:
        failpoint("ingestor.during_insert")
        await self._warehouse.insert(batch)

    async def _isolate(self, prepared: Prepared) -> list[Prepared]:
        """The engine refuses the batch: halve it until the position that it refuses stands alone,
        and park that one. What was written instead, in order.
        """
        examined = prepared.examined
        if len(examined) == 1:
            return [await self._persist("storing it alone", partial(self._store_or_park, prepared))]
        middle = len(examined) // 2
        written: list[Prepared] = []
        for half in (examined[:middle], examined[middle:]):
            written += await self._write(await self._prepare(half, known=await self._known(half)))
        return written

    async def _store_or_park(self, alone: Prepared) -> Prepared:
        """Where the position's bare bytes are refused as well, the cause is not the event: that is
        waited for like any other outage, and then the event itself is tried first.
        """
        try:
            await self._store(alone.batch)
        except Permanent as error:
            reason = f"{REFUSED_BY_ENGINE}: {error}"
            position = park(alone.examined[0].stored, self._framer, reason=reason)
            parked = prepare([position], self._framer, known=frozenset())
            try:
                await self._store(parked.batch)
            except Permanent as general:
                raise Unavailable(f"ClickHouse refuses every insert: {general}") from general
            sequence = position.stored.sequence
            held = await self._warehouse.fingerprint(epoch=self._framer.epoch, seq=sequence)
            if held is not None and held.event_id:
                return alone  # somebody's view threw after the event had been written
            _log.error(
                "ingestor.refused_by_engine",
                sequence=sequence,
                reason=str(error),
                remedy="look at it with `ganglion parked show`; if views were added, check them",
            )
            return parked
        return alone

    async def _persist(
        self, doing: str, call: Callable[[], Awaitable[Answer]], *, cuttable: bool = False
    ) -> Answer:
        """Try for as long as it takes; the drain's deadline is `Ingestor.run`'s.

        What can be cut is not tried again as a whole where it is too large: TooLargeNow.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                answer = await call()
            except Transient as error:
                self._metrics.counter(INSERT_FAILURES).inc()
                if cuttable and isinstance(error, TooLargeNow):
                    raise
                self._work.held_up(
                    f"{doing} fails: {error}",
                    remedy=what_helps(error, server="clickhouse"),
                )
                _log.warning("ingestor.waiting", doing=doing, attempt=attempt, reason=str(error))
                wait = self._retry.wait(error, attempt=attempt, elapsed_seconds=0.0) or 1.0
                await pause(wait, unless=self._stop)
                if self._stop.is_set():
                    await asyncio.sleep(DRAINING_WAIT_SECONDS)
            else:
                self._work.goes_on()
                return answer


def _links(prepared: Prepared) -> list[str]:
    headers = (each.stored.headers for each in prepared.examined[: 2 * MAX_LINKS])
    return [found[TRACEPARENT] for found in headers if TRACEPARENT in found]
