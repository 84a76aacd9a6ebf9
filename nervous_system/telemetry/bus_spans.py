"""How do finished spans get onto the bus? In few messages, a while after they ended; whoever
publishes an event waits for none of it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from nervous_system.cancelling import cancel
from nervous_system.contract.redaction import Redactor
from nervous_system.errors import Forbidden, GanglionError, Transient
from nervous_system.telemetry import semantic_names
from nervous_system.telemetry.metric_catalogue import SPANS_DROPPED, SPANS_EXPORTED
from nervous_system.telemetry.span_budget import SpanBudget
from nervous_system.telemetry.span_messages import messages_of

if TYPE_CHECKING:
    from nervous_system.telemetry.metrics import Metrics

_log = structlog.get_logger()

Send = Callable[[bytes], Awaitable[None]]
"""Hands one message to the stream and returns when that has it. Raises Transient: it may be sent
again; any other GanglionError: in vain."""

QUEUE_SPANS: Final = 2048
"""Spans that may wait: what a busy process makes in ten seconds."""

BATCH_SPANS: Final = 64
"""Spans that are encoded in one go, which takes 2 ms; about as many as a message holds."""

GATHER_SECONDS: Final = 2.0
RETRY_SECONDS: Final = 2.0
LEAVE_SECONDS: Final = 1.0
"""So long the end of the last connection waits for the spans that should still go by it."""


@dataclass(slots=True, eq=False)
class _Way:
    """One connection to the bus."""

    send: Send
    redactor: Redactor
    loop: asyncio.AbstractEventLoop
    sending: asyncio.Task[None] | None = None
    forbidden: bool = False  # an older mesh has no permission for it: nothing is tried again


class BusSpans(SpanProcessor):
    """Sends finished spans by whatever connection there is; while there is none they wait."""

    def __init__(self, metrics: Metrics | None, budget: SpanBudget) -> None:
        self._budget = budget
        self._waiting: deque[ReadableSpan] = deque()
        self._ways: list[_Way] = []
        self._closed = False
        self._said = 0  # of the dropped ones, those that the stream was told of
        self._troubled = ""
        self._metrics = metrics
        self._dropped = 0

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing to do before a span is finished."""

    def on_end(self, span: ReadableSpan) -> None:
        if not (span.context and span.context.trace_flags.sampled):
            return
        if not self._budget.keeps(span.context.trace_id):
            self.leave_out()
            return
        self._budget.spend()
        if span.attributes and semantic_names.IN_VAIN in span.attributes:
            return
        if self._closed or len(self._waiting) >= QUEUE_SPANS:
            self._drop(1, reason="shutdown" if self._closed else "queue_full")
            return
        self._waiting.append(span)
        if len(self._waiting) == 1 and self._ways:  # also from a thread of somebody's
            way = self._ways[-1]
            way.loop.call_soon_threadsafe(self._begin, way)

    @asynccontextmanager
    async def by_way_of(self, send: Send, redactor: Redactor) -> AsyncIterator[None]:
        """While the block runs spans may go by `send`. At the end of the last such block those that
        wait do, for a second at most, unless the last ones did not; what is left waits for another.
        """
        way = _Way(send, redactor, asyncio.get_running_loop())
        self._ways.append(way)
        self._begin(way)
        try:
            yield
        finally:
            self._ways.remove(way)
            if way.sending is not None:
                await cancel(way.sending)
            if self._ways:
                other = self._ways[-1]
                other.loop.call_soon_threadsafe(self._begin, other)
            elif not self._troubled:  # what did not go a moment ago is not waited for
                with suppress(TimeoutError):
                    async with asyncio.timeout(LEAVE_SECONDS):
                        await self._send_waiting(way)

    def close(self) -> int:
        """Nothing is taken in any more. Returns how many were still waiting, which are lost."""
        self._closed = True
        left = len(self._waiting)
        self._waiting.clear()
        self._drop(left, reason="shutdown")
        return left

    def leave_out(self) -> None:
        """One for which there is no budget."""
        self._drop(1, reason="over_budget")

    def _drop(self, number: int, *, reason: str) -> None:
        self._dropped += number
        if self._metrics is not None and number:
            self._metrics.counter(SPANS_DROPPED).labels(to="bus", reason=reason).inc(number)

    def shutdown(self) -> None:
        """Nothing: `close` does it, at a moment of the owner's."""

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return not self._waiting

    def _begin(self, way: _Way) -> None:
        if way not in self._ways or not self._waiting or way.forbidden:
            return
        if way.sending is None or way.sending.done():
            way.sending = asyncio.create_task(self._gather_and_send(way), name="spans")

    async def _gather_and_send(self, way: _Way) -> None:
        while self._waiting and not way.forbidden:
            await asyncio.sleep(GATHER_SECONDS)
            await self._send_waiting(way)

    async def _send_waiting(self, way: _Way) -> None:
        """Until none is left. Those on which it is cancelled wait on, and may come twice."""
        while self._waiting and not way.forbidden:
            batch = [self._waiting.popleft() for _ in range(min(BATCH_SPANS, len(self._waiting)))]
            try:
                await self._send_batch(way, batch)
            except BaseException:
                self._waiting.extendleft(reversed(batch))
                raise

    async def _send_batch(self, way: _Way, batch: Sequence[ReadableSpan]) -> None:
        dropped = self._dropped
        left = len(batch)
        for data, number in messages_of(batch, way.redactor, lost=dropped - self._said):
            if await self._is_sent(way, data):
                self._said = dropped
                left -= number
                if self._metrics is not None:
                    self._metrics.counter(SPANS_EXPORTED).labels(to="bus").inc(number)
        self._drop(left, reason="export_failed")

    async def _is_sent(self, way: _Way, data: bytes) -> bool:
        """Once the stream has it, or will never take it."""
        while True:
            try:
                await way.send(data)
            except GanglionError as error:
                if not self._troubled:
                    _log.warning("spans.not_on_the_bus", reason=str(error))
                self._troubled = str(error)
                way.forbidden = isinstance(error, Forbidden)
                if not isinstance(error, Transient):
                    return False
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._troubled = ""
                return True
