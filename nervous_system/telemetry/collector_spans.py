"""How do finished spans get to a collector? In batches by OTLP over HTTP; losses are counted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import structlog
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from nervous_system.errors import Fatal
from nervous_system.telemetry.metric_catalogue import SPANS_DROPPED, SPANS_EXPORTED

if TYPE_CHECKING:
    from nervous_system.telemetry.metrics import Metrics

_log = structlog.get_logger()

QUEUE_SPANS: Final = 8192
"""Spans that may wait; OpenTelemetry's 2048 are full after a tenth of a second of a burst."""

BATCH_SPANS: Final = 512
SCHEDULE_SECONDS: Final = 2.0
TRACES_PATH: Final = "/v1/traces"


class SpanCounts:
    """How many spans went where, and therefore how many wait."""

    def __init__(self, metrics: Metrics | None) -> None:
        self._accepted = 0  # written by the loop's thread only
        self._taken = 0  # written by the export's thread only, under the lock
        self._closed = False
        self._lock = threading.Lock()
        self._dropped = metrics.counter(SPANS_DROPPED) if metrics else None
        self._exported = metrics.counter(SPANS_EXPORTED) if metrics else None

    def accept(self) -> str:
        """Take one span in; otherwise the reason why it is dropped."""
        reason = "shutdown" if self._closed else ""
        if self._accepted - self._taken >= QUEUE_SPANS:
            reason = "queue_full"
        if reason:
            self.count_dropped(1, reason=reason)
        else:
            self._accepted += 1
        return reason

    def take(self, number: int) -> bool:
        """Whether these may still be sent."""
        with self._lock:
            if not self._closed:
                self._taken += number
            return not self._closed

    def close(self) -> int:
        """Nothing is taken in or sent any more.

        Returns how many were still waiting.
        """
        with self._lock:
            self._closed = True
            left = self._accepted - self._taken
        if left:
            self.count_dropped(left, reason="shutdown")
        return left

    def count_dropped(self, number: int, *, reason: str) -> None:
        if self._dropped is not None:
            self._dropped.labels(to="collector", reason=reason).inc(number)

    def count_exported(self, number: int) -> None:
        if self._exported is not None:
            self._exported.labels(to="collector").inc(number)


class SpanGate(SpanProcessor):
    """Refuses spans where the batch processor's queue is full: that one forgets in silence."""

    def __init__(self, batches: BatchSpanProcessor, tally: SpanCounts) -> None:
        self._batches = batches
        self._tally = tally
        self._full = False

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing to do before a span is finished."""

    def on_end(self, span: ReadableSpan) -> None:
        if not (span.context and span.context.trace_flags.sampled):
            return
        reason = self._tally.accept()
        if not reason:
            self._batches.on_end(span)
        elif reason == "queue_full" and not self._full:
            _log.warning("spans.queue_full", waiting=QUEUE_SPANS)
        self._full = reason == "queue_full"

    def shutdown(self) -> None:
        self._batches.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._batches.force_flush(timeout_millis)


class CollectorSpans(SpanExporter):
    """Counts what was sent and what was not; an outage is logged at its start and its end."""

    def __init__(self, endpoint: str, tally: SpanCounts) -> None:
        self._exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + TRACES_PATH)
        self._tally = tally
        self._failing = False
        self._stopped = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if not self._tally.take(len(spans)):
            return SpanExportResult.FAILURE
        result = self._exporter.export(spans)
        if result is SpanExportResult.SUCCESS:
            self._tally.count_exported(len(spans))
            if self._failing:
                _log.info("spans.export_recovered")
        else:
            self._tally.count_dropped(len(spans), reason="export_failed")
            if not self._failing:
                _log.warning("spans.export_failed", spans=len(spans))
        self._failing = result is not SpanExportResult.SUCCESS
        return result

    def shutdown(self) -> None:
        if not self._stopped.is_set():
            self._stopped.set()
            self._exporter.shutdown()  # type: ignore[no-untyped-call]


class Collector:
    """The way to a collector."""

    def __init__(self, endpoint: str, metrics: Metrics | None) -> None:
        """Raises Fatal."""
        address = urlsplit(endpoint)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise Fatal(
                f"OTEL_EXPORTER_OTLP_ENDPOINT is '{endpoint}', which is not an http address;"
                " set it to the collector's base URL, such as http://127.0.0.1:4318"
            )
        self._counts = SpanCounts(metrics)
        self._sender = CollectorSpans(endpoint, self._counts)
        batches = BatchSpanProcessor(
            self._sender,
            max_queue_size=QUEUE_SPANS,
            max_export_batch_size=BATCH_SPANS,
            schedule_delay_millis=SCHEDULE_SECONDS * 1000,
        )
        self.gate = SpanGate(batches, self._counts)

    async def close(self, provider: TracerProvider, *, deadline_seconds: float) -> int:
        """How many are left behind."""
        loop = asyncio.get_running_loop()
        sent = asyncio.Event()

        def shut_down() -> None:
            provider.shutdown()
            if not loop.is_closed():
                loop.call_soon_threadsafe(sent.set)

        # Not the default executor: the interpreter waits for its threads at exit, without end.
        threading.Thread(target=shut_down, name="spans-shutdown", daemon=True).start()
        try:
            async with asyncio.timeout(deadline_seconds):
                await sent.wait()
        except TimeoutError:
            self._sender.shutdown()
        return self._counts.close()
