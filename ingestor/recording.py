"""How do positions get from the log into ClickHouse, in order, once, while reading goes on?

One insert is under way while the next batch is read and prepared. ClickHouse that does not answer
stops the pipeline here: the lag grows on the log, and nothing is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeVar

import structlog

from ingestor.core import Examined, Prepared, cut, event_ids, examine, prepare
from ingestor.frames import Framer
from ingestor.model import Batch
from ingestor.ports import Warehouse
from ingestor.settings import IngestorSettings
from nervous_system import semantic_names as attribute
from nervous_system.errors import Permanent, Transient, Unavailable
from nervous_system.failpoint import failpoint
from nervous_system.health import Progress
from nervous_system.metric_catalogue import (
    INSERT_FAILURES,
    INSERT_ROWS,
    INSERT_SECONDS,
    POSITIONS_STORED,
    WATERMARK,
)
from nervous_system.metrics import Metrics
from nervous_system.names import ALL_EVENTS, TRACEPARENT
from nervous_system.reader import Reader
from nervous_system.retry import RetryPolicy
from nervous_system.stream import Stored
from nervous_system.tracing import MAX_LINKS, Tracer

_log = structlog.get_logger()

Answer = TypeVar("Answer")

DRAIN_SECONDS = 8.0
"""How long a stop waits for a ClickHouse that does not answer; what is not stored stays on the
log."""

REFUSED_BY_ENGINE = "ClickHouse does not take it"


class Recording:
    """The pipeline of one writer in one epoch."""

    def __init__(
        self,
        *,
        warehouse: Warehouse,
        framer: Framer,
        settings: IngestorSettings,
        tracer: Tracer,
        metrics: Metrics,
        progress: Progress,
        stop: asyncio.Event,
        retry: RetryPolicy | None = None,
    ) -> None:
        self._warehouse = warehouse
        self._framer = framer
        self._settings = settings
        self._tracer = tracer
        self._metrics = metrics
        self._progress = progress
        self._stop = stop
        self._retry = retry or RetryPolicy(first_seconds=0.1, longest_seconds=5.0)
        self._inserting: asyncio.Task[None] | None = None
        self._inserting_ids: frozenset[str] = frozenset()
        self.watermark = 0

    async def run(self, reader: Reader) -> None:
        """Record what the reader gives until the stop; then what is in hand is stored and it
        returns.

        Raises Interrupted from the reader, Fenced and Permanent from ClickHouse.
        """
        try:
            while not self._stop.is_set():
                self._progress.mark("reading the log")
                positions = await self._gather(reader)
                if positions:
                    await self._record(positions)
                elif self._inserting is not None and self._inserting.done():
                    await self._settle()
            await self._settle()
        finally:
            if self._inserting is not None:
                self._inserting.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await self._inserting

    async def _gather(self, reader: Reader) -> list[Stored]:
        """The next batch: full, or old enough, or as large as the backlog allows."""
        loop = asyncio.get_running_loop()
        backlog = reader.backlog
        full = self._settings.batch_events
        if backlog > full:
            full = min(backlog, self._settings.catch_up_events)
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
        return positions

    async def _record(self, positions: Sequence[Stored]) -> None:
        for run in cut(examine(positions)):
            lookup = partial(self._warehouse.known, event_ids(run))
            known = await self._persist("looking ids up", lookup)
            prepared = prepare(run, self._framer, known=known | self._inserting_ids)
            failpoint("ingestor.before_insert")
            await self._settle()
            self._inserting_ids = prepared.new_ids
            self._inserting = asyncio.create_task(self._insert(prepared), name="insert")

    async def _settle(self) -> None:
        """Wait for the insert under way; its failure is raised here."""
        if self._inserting is not None:
            inserting, self._inserting = self._inserting, None
            try:
                await inserting
            except asyncio.CancelledError:
                inserting.cancel()
                raise

    async def _insert(self, prepared: Prepared) -> None:
        batch = prepared.batch
        with (
            self._tracer.span(
                "insert",
                "swarm.events",
                kind="client",
                attributes={
                    attribute.DATABASE_SYSTEM: attribute.CLICKHOUSE,
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
            try:
                await self._persist("inserting", partial(self._store, batch))
            except Permanent as error:
                await self._isolate(prepared, error)
        failpoint("ingestor.after_insert")
        self.watermark = batch.last_seq
        self._metrics.gauge(WATERMARK).set(batch.last_seq)
        self._metrics.histogram(INSERT_ROWS).observe(batch.rows)
        counts = {
            "stored": batch.rows - prepared.parked - prepared.duplicates,
            "parked": prepared.parked,
            "duplicate": prepared.duplicates,
        }
        for disposition, count in counts.items():
            self._metrics.counter(POSITIONS_STORED).labels(disposition=disposition).inc(count)

    async def _store(self, batch: Batch) -> None:
        failpoint("ingestor.during_insert")
        await self._warehouse.insert(batch)

    async def _isolate(self, prepared: Prepared, error: Permanent) -> None:
        """The engine refuses the batch: find the position it refuses, and park that one alone.

        Where it refuses the position's bare bytes as well, the cause is not the event, and it is
        waited for like any other outage.
        """
        examined = prepared.examined
        if len(examined) > 1:
            middle = len(examined) // 2
            for half in (examined[:middle], examined[middle:]):
                part = prepare(half, self._framer, known=_elsewhere(prepared, half))
                try:
                    await self._persist("inserting", partial(self._store, part.batch))
                except Permanent as refused:
                    await self._isolate(part, refused)
            return
        position = Examined(examined[0].stored, f"{REFUSED_BY_ENGINE}: {error}")
        parked = prepare([position], self._framer, known=frozenset())
        _log.error(
            "ingestor.refused_by_engine",
            sequence=position.stored.sequence,
            reason=str(error),
            remedy="look at it with `ganglion parked show`; if views were added, check them",
        )

        async def store() -> None:
            try:
                await self._store(parked.batch)
            except Permanent as general:
                raise Unavailable(f"ClickHouse refuses every insert: {general}") from general

        await self._persist("parking", store)

    async def _persist(self, doing: str, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """Try for as long as it takes; after a stop, for as long as the drain may take."""
        loop = asyncio.get_running_loop()
        attempt = 0
        give_up: float | None = None
        while True:
            attempt += 1
            try:
                return await call()
            except Transient as error:
                if self._stop.is_set():
                    give_up = give_up or loop.time() + DRAIN_SECONDS
                    if loop.time() > give_up:
                        raise
                self._metrics.counter(INSERT_FAILURES).inc()
                _log.warning("ingestor.waiting", doing=doing, attempt=attempt, reason=str(error))
                wait = self._retry.wait(error, attempt=attempt, elapsed_seconds=0.0) or 1.0
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), wait)
                if self._stop.is_set():
                    await asyncio.sleep(0.2)


def _elsewhere(prepared: Prepared, half: Sequence[Examined]) -> frozenset[str]:
    """Ids that make an event of this half a repeat: those the whole batch did not count as new."""
    ids = frozenset(event_ids(half))
    return ids - prepared.new_ids


def _links(prepared: Prepared) -> list[str]:
    headers = (each.stored.headers for each in prepared.examined[: 2 * MAX_LINKS])
    return [found[TRACEPARENT] for found in headers if TRACEPARENT in found]
