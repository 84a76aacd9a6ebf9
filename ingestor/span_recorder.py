"""How do spans get from the bus into ClickHouse? Beside the events, and never before them: with a
reader of their own, in few inserts, in a tenth of the time at most, and not at all while events
wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final

import structlog

from ingestor.span_rows import SpanRows, rows_of
from ingestor.span_table import SpanTable
from nervous_system.bus import Bus
from nervous_system.clock import stopwatch
from nervous_system.contract.stored import EPOCH, Stored
from nervous_system.error_text import error_text
from nervous_system.errors import Forbidden, Permanent, Transient
from nervous_system.names import TELEMETRY_STREAM
from nervous_system.settings import MeshSettings
from nervous_system.telemetry.metric_catalogue import SPANS_LOST, SPANS_STORED
from nervous_system.telemetry.metrics import Metrics
from nervous_system.transport.reader import Reader
from nervous_system.transport.telemetry_stream import ensure_telemetry

_log = structlog.get_logger()

GATHER_SECONDS: Final = 3.0
"""How long an insert waits for more: an insert costs as much as hundreds of rows."""

MAX_MESSAGES: Final = 128
"""In one insert: 4 MiB at most."""

PAUSE_TIMES: Final = 9
"""So many times as long as an insert took it pauses, at least: spans get a tenth of the time."""

YIELD_SECONDS: Final = 1.0
AGAIN_SECONDS: Final = 5.0
MAX_REFUSALS: Final = 4
"""After so many tries what the engine refuses is lost."""

LOOK_EVERY: Final = 100
"""Inserts from one look at the size of the table to the next."""


class SpanRecorder:
    """Beside whoever records events, as long as that goes on."""

    def __init__(
        self,
        *,
        bus: Bus,
        table: SpanTable,
        settings: MeshSettings,
        metrics: Metrics,
        events_wait: Callable[[], bool],
    ) -> None:
        self._bus = bus
        self._table = table
        self._settings = settings
        self._events_wait = events_wait
        self._stored = metrics.counter(SPANS_STORED)
        self._lost = metrics.counter(SPANS_LOST)
        self._last_sequence: int | None = None
        self._inserts = 0
        self._refusals = 0
        self._told = ""
        self.stored = 0
        self.lost = 0

    async def run(self) -> None:
        """Until it is cancelled. Raises nothing: whatever is wrong with spans, events go on."""
        while True:
            try:
                await self._follow()
            except Exception as error:  # noqa: BLE001 - a defect of this is said, and ends no more
                known = isinstance(error, Transient | Permanent)
                self._tell(str(error) if known else error_text(error))
            await asyncio.sleep(AGAIN_SECONDS)

    def _tell(self, reason: str) -> None:
        """Once until it goes on."""
        if not self._told:
            _log.warning("spans.waiting", reason=reason)
        self._told = reason

    async def _follow(self) -> None:
        """Raises Transient, also when the reader is interrupted, and Permanent."""
        with suppress(Forbidden):  # the admin does it
            await ensure_telemetry(self._bus.connection, self._settings)
        await self._table.apply_ttl(self._settings.telemetry_ttl_days)
        read_to = await self._table.read_to()
        if read_to is not None:
            self._last_sequence = read_to.sequence
        async with Reader(
            self._bus.connection,
            stream=TELEMETRY_STREAM,
            # By time: another stream of the name counts from 1 again.
            start_time=EPOCH + timedelta(microseconds=read_to.recorded_at_ns // 1000)
            if read_to is not None
            else None,
            start_sequence=1 if read_to is None else None,
            buffer_messages=2 * MAX_MESSAGES,
            buffer_bytes=8 * 1024**2,
        ) as reader:
            while True:
                messages = await reader.batch(max_messages=1, within_seconds=3600.0)
                await asyncio.sleep(GATHER_SECONDS)
                while self._events_wait():  # noqa: ASYNC110 - nobody tells when they do not
                    await asyncio.sleep(YIELD_SECONDS)
                messages += await reader.batch(max_messages=MAX_MESSAGES - 1, within_seconds=0.0)
                began = stopwatch()
                await self._store(messages)
                await asyncio.sleep(PAUSE_TIMES * (stopwatch() - began))

    async def _store(self, messages: Sequence[Stored]) -> None:
        rows = await asyncio.to_thread(rows_of, messages)
        if rows.lines and not await self._is_taken(rows.lines):
            rows = SpanRows([], unreadable=rows.unreadable + len(rows.lines), lost=rows.lost)
        self._count(rows, messages)
        if self._inserts % LOOK_EVERY == 0:
            gone = await self._table.keep_below(self._settings.telemetry_table_max_bytes)
            if gone:
                _log.info("spans.removed", parts_of_time=gone)
        self._inserts += 1
        if not self._refusals:
            self._told = ""

    async def _is_taken(self, lines: Sequence[bytes]) -> bool:
        """What the engine refuses again and again is not what the others wait for."""
        try:
            await self._table.insert(lines)
        except Permanent as error:
            self._refusals += 1
            if self._refusals < MAX_REFUSALS:
                raise
            self._tell(str(error))
            return False
        self._refusals = 0
        return True

    def _count(self, rows: SpanRows, messages: Sequence[Stored]) -> None:
        discarded = 0
        for each in messages:
            if self._last_sequence is not None:
                discarded += max(0, each.sequence - self._last_sequence - 1)
            self._last_sequence = each.sequence
        self._stored.inc(len(rows.lines))
        self.stored += len(rows.lines)
        for reason, number in (
            ("at_source", rows.lost),
            ("discarded", discarded),
            ("unreadable", rows.unreadable),
        ):
            self._lost.labels(reason=reason).inc(number)
            self.lost += number
