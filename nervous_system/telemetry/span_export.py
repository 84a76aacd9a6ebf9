"""Where do finished spans go? Onto the bus, to a collector, or both.

Only this file and what it imports need the OpenTelemetry SDK; `tracing.py` imports it when spans go
anywhere.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TYPE_CHECKING

import structlog
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import DEFAULT_ON

from nervous_system.contract.redaction import Redactor
from nervous_system.ids import new_event_id
from nervous_system.telemetry import semantic_names
from nervous_system.telemetry.bus_spans import BusSpans, Send
from nervous_system.telemetry.span_budget import OF_THE_PROCESS, BudgetSampler, SpanBudget

if TYPE_CHECKING:
    from nervous_system.telemetry.collector_spans import Collector
    from nervous_system.telemetry.metrics import Metrics

_log = structlog.get_logger()


class SpanExport:
    """Finished spans on their way out of the process."""

    def __init__(
        self,
        *,
        service_name: str,
        endpoint: str | None,
        bus: bool,
        metrics: Metrics | None,
        budget: SpanBudget = OF_THE_PROCESS,
    ) -> None:
        """To a collector at `endpoint`, where that is given; onto the `bus`, where that is wanted,
        as soon as there is a connection. What goes onto the bus keeps to the `budget`, and where
        there is no collector no more is made. Nothing is sent yet. Raises Fatal where `endpoint` is
        not an http address.
        """
        self._bus = BusSpans(metrics, budget) if bus else None
        self._collector: Collector | None = None
        if endpoint:
            from nervous_system.telemetry.collector_spans import Collector

            self._collector = Collector(endpoint, metrics)
        self._provider = TracerProvider(
            resource=Resource.create(
                {
                    semantic_names.SERVICE_NAME: service_name,
                    semantic_names.SERVICE_NAMESPACE: "ganglion",
                    semantic_names.SERVICE_INSTANCE_ID: new_event_id(),
                }
            ),
            sampler=DEFAULT_ON
            if self._bus is None or self._collector is not None
            else BudgetSampler(budget, left_out=self._bus.leave_out),
            shutdown_on_exit=False,  # the drain does it, with a deadline
        )
        if self._collector is not None:
            self._provider.add_span_processor(self._collector.gate)
        if self._bus is not None:
            self._provider.add_span_processor(self._bus)
        self.tracer = self._provider.get_tracer("ganglion")

    @property
    def collects(self) -> bool:
        """Whether there is a collector."""
        return self._collector is not None

    def by_way_of(self, send: Send, redactor: Redactor) -> AbstractAsyncContextManager[None]:
        """As `BusSpans.by_way_of`, where they go onto the bus."""
        return self._bus.by_way_of(send, redactor) if self._bus is not None else nullcontext()

    async def close(self, *, deadline_seconds: float) -> None:
        """Send what is waiting; at the deadline give up, count what is left and say so."""
        left = self._bus.close() if self._bus is not None else 0
        if self._collector is not None:
            left += await self._collector.close(self._provider, deadline_seconds=deadline_seconds)
        if left:
            _log.warning("spans.left_behind", spans=left, deadline_seconds=deadline_seconds)
