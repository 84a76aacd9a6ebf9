"""How do positions get from the log into ClickHouse, in order, once, while reading goes on?

Three stages: `read_ahead.py`, `preparation.py`, `insertion.py`. One insert is under way while the
next batch is read and prepared. ClickHouse that does not answer stops the pipeline here: the lag
grows on the log, and nothing is dropped.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ingestor.core import Examined, Prepared
from ingestor.doubts import Doubts
from ingestor.model import Identity
from ingestor.ports import Warehouse
from ingestor.recording.insertion import Insertion
from ingestor.recording.patience import Patience
from ingestor.recording.preparation import Preparation
from ingestor.recording.read_ahead import ReadAhead, Run, Runs
from ingestor.row_encoder import RowEncoder
from ingestor.settings import IngestorSettings
from nervous_system.contract.live_keys import LiveKeys
from nervous_system.failpoint import failpoint
from nervous_system.names import ALL_EVENTS, TRACEPARENT
from nervous_system.retry import RetryPolicy
from nervous_system.telemetry import semantic_names as attribute
from nervous_system.telemetry.health import Progress, Work
from nervous_system.telemetry.metric_catalogue import (
    INSERT_ROWS,
    INSERT_SECONDS,
    POSITIONS_STORED,
    WATERMARK,
)
from nervous_system.telemetry.metrics import Metrics
from nervous_system.telemetry.tracing import MAX_LINKS, Tracer
from nervous_system.transport.reader import Reader


@dataclass(frozen=True, slots=True)
class UnderWay:
    """An insert that has begun."""

    prepared: Prepared
    task: asyncio.Task[frozenset[Identity]]  # the events that are stored by it, when it is done


class Recorder:
    """The pipeline of one writer in one epoch."""

    def __init__(
        self,
        *,
        warehouse: Warehouse,
        framer: RowEncoder,
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
        patience = Patience(work=work, metrics=metrics, stop=stop, retry=retry)
        self._read_ahead = ReadAhead(
            framer=framer,
            keys=keys,
            doubts=doubts,
            next_sequence=next_sequence,
            settings=settings,
            progress=progress,
            stop=stop,
        )
        self._preparation = Preparation(warehouse, framer, patience)
        self._insertion = Insertion(warehouse, framer, self._preparation, patience)
        self._tracer = tracer
        self._metrics = metrics
        self._under_way: UnderWay | None = None
        self.watermark = next_sequence - 1
        self.last: Examined | None = None  # the position of the watermark, where it was stored here

    @property
    def is_idle(self) -> bool:
        """Whether it has nothing in hand."""
        return self._under_way is None

    def read_anew(self, why: str) -> None:
        """Nothing comes though positions wait: this ends the reading. Empty: it may go on."""
        self._read_ahead.stalled = why

    async def run(self, reader: Reader) -> None:
        """Record what the reader gives until the stop; what is in hand is stored, and it returns.

        Raises Interrupted from the reader and where a position is missing, Fenced and Permanent
        from ClickHouse.
        """
        runs: Runs = asyncio.Queue(maxsize=1)
        reading = asyncio.create_task(self._read_ahead.run(reader, runs), name="read")
        try:
            while (run := await self._next(runs)) is not None:
                if isinstance(run, Exception):
                    await self._settle()
                    raise run
                await self._record(run)
            await self._settle()
        finally:
            inserting = self._under_way.task if self._under_way is not None else None
            for task in (reading, inserting):
                if task is not None:
                    task.cancel()
                    with suppress(asyncio.CancelledError, Exception):
                        await task

    async def _next(self, runs: Runs) -> Run | Exception | None:
        """What comes next; a failed insert is raised here, also when nothing comes."""
        getting = asyncio.create_task(runs.get(), name="next run")
        try:
            while not getting.done():
                waiting: set[asyncio.Task[Any]] = {getting}
                if self._under_way is not None:
                    waiting.add(self._under_way.task)
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                if self._under_way is not None and self._under_way.task.done():
                    await self._settle()
            return getting.result()
        finally:
            getting.cancel()

    async def _record(self, run: Run) -> None:
        """Prepare it beside the insert under way, and begin its own when that has ended."""
        assumed = self._under_way.prepared.new if self._under_way is not None else frozenset()
        prepared = await self._preparation.prepare(run, on_its_way=assumed)
        failpoint("ingestor.before_insert")
        if await self._settle() != assumed:  # the engine refused something: see what is stored now
            prepared = await self._preparation.prepare(run)
        task = asyncio.create_task(self._insert(prepared), name="insert")
        self._under_way = UnderWay(prepared, task)

    async def _settle(self) -> frozenset[Identity]:
        """Wait for the insert under way, and say what it stored; its failure is raised here."""
        if self._under_way is None:
            return frozenset()
        inserting, self._under_way = self._under_way.task, None
        try:
            return await inserting
        except asyncio.CancelledError:
            inserting.cancel()
            raise

    async def _insert(self, prepared: Prepared) -> frozenset[Identity]:
        """Store it, and tell; the events that are stored by it."""
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
                links=_links(prepared) if self._tracer.collects else (),
                detail=True,
            ),
            self._metrics.histogram(INSERT_SECONDS).time(),
        ):
            stored = await self._insertion.store(prepared)
        self._read_ahead.fitted(len(prepared.examined), whole=len(stored) == 1)
        failpoint("ingestor.after_insert")
        self.watermark = batch.last_seq
        self.last = prepared.examined[-1]
        self._metrics.gauge(WATERMARK).set(batch.last_seq)
        self._metrics.histogram(INSERT_ROWS).observe(batch.rows)
        positions = self._metrics.counter(POSITIONS_STORED)
        for part in stored:
            positions.labels(disposition="stored").inc(len(part.new))
            positions.labels(disposition="parked").inc(part.parked)
            positions.labels(disposition="duplicate").inc(part.duplicates)
        return frozenset().union(*(part.new for part in stored))


def _links(prepared: Prepared) -> list[str]:
    headers = (each.stored.headers for each in prepared.examined[: 2 * MAX_LINKS])
    return [found[TRACEPARENT] for found in headers if TRACEPARENT in found]
