"""To which trace does a piece of work belong? Spans around it, sent somewhere or not.

Trace and span ids are always made, because every event carries them. Spans are recorded where they
go onto the bus or an OTLP endpoint is set; only then the OpenTelemetry SDK is imported
(`span_export.py`). The
current span lives in OpenTelemetry's own context, so that spans an agent makes with OpenTelemetry
itself and ours are parents and children of each other.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Final, Literal

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from nervous_system.error_text import said_by
from nervous_system.names import TRACEPARENT
from nervous_system.telemetry import semantic_names

if TYPE_CHECKING:
    from nervous_system.contract.redaction import Redactor
    from nervous_system.telemetry.bus_spans import Send
    from nervous_system.telemetry.metrics import Metrics
    from nervous_system.telemetry.span_export import SpanExport

AttributeValue = str | int | float | bool
Kind = Literal["internal", "producer", "consumer", "client", "server"]

MAX_LINKS: Final = 32
"""Links a span keeps.

Each costs time and bytes, and a bulk batch has thousands of messages.
"""

_KINDS: Final[dict[Kind, SpanKind]] = {
    "internal": SpanKind.INTERNAL,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
    "client": SpanKind.CLIENT,
    "server": SpanKind.SERVER,
}
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_NOWHERE: Final = Context()
_PROPAGATOR: Final = TraceContextTextMapPropagator()


class Span:
    """One piece of work.

    Its ids are valid whether or not it is recorded.
    """

    __slots__ = ("_context", "_span")

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self._context = span.get_span_context()

    @property
    def trace_id(self) -> str:
        """32 hex digits."""
        return f"{self._context.trace_id:032x}"

    @property
    def span_id(self) -> str:
        """16 hex digits."""
        return f"{self._context.span_id:016x}"

    @property
    def traceparent(self) -> str:
        """The value of the W3C header that makes what the receiver does a child of this span."""
        return _traceparent(self._context)

    @property
    def recorded(self) -> bool:
        """Whether attributes are worth computing."""
        return self._span.is_recording()

    def set(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Add what was learnt on the way; names are in `semantic_names.py`."""
        self._span.set_attributes(attributes)

    def link(self, traceparents: Iterable[str]) -> None:
        """Point to spans of other traces that were learnt of on the way; what is none is left
        out."""
        for context in filter(None, map(_parse, dict.fromkeys(traceparents))):
            self._span.add_link(context)


class Tracer:
    """Makes the spans of one process.

    Built once, in wiring; closed in the drain.
    """

    def __init__(self, export: SpanExport | None = None, *, source: str = "") -> None:
        self._export = export
        self.source: Final = source

    @classmethod
    def start(
        cls,
        *,
        service_name: str,
        endpoint: str | None = None,
        source: str = "",
        metrics: Metrics | None = None,
    ) -> Tracer:
        """Spans go to `endpoint` (base URL of OTLP over HTTP), and onto the bus of the connections
        that they are given (`on_the_bus`), as those of `source`: the role that says them. Without
        either only ids are made.

        Raises Fatal where `endpoint` is not an http address. Spans sent and dropped are counted in
        `metrics`.
        """
        if not endpoint and not source:
            return cls()
        from nervous_system.telemetry.span_export import SpanExport

        export = SpanExport(
            service_name=service_name, endpoint=endpoint, bus=bool(source), metrics=metrics
        )
        return cls(export, source=source)

    @property
    def recording(self) -> bool:
        """Whether spans go anywhere."""
        return self._export is not None

    @property
    def collects(self) -> bool:
        """Whether they go to a collector, so that details are recorded, too."""
        return self._export is not None and self._export.collects

    @contextmanager
    def span(
        self,
        operation: str,
        destination: str = "",
        *,
        kind: Kind = "internal",
        attributes: Mapping[str, AttributeValue] | None = None,
        links: Iterable[str] = (),
        parent: str | None = None,
        root: bool = False,
        detail: bool = False,
    ) -> Iterator[Span]:
        """The current span until the block ends, named `<operation> <destination>`.

        `destination` is a template such as `swarm.events.coder.state_change`, never an aggregate's
        own subject. `parent` and `links` are `traceparent` values; without a valid parent the span
        is a child of the current one, or the root of a new trace, as it is with `root` in any case.
        A `detail` is for a collector only: without one, the span around it stands for it, and where
        there is none only ids are made. So an idle mesh puts no spans on its bus.
        Of the links the first 32 different ones are kept and the number of the others is noted. An
        exception marks the span as failed and goes on its way; a cancellation does not.
        """
        above = _parse(parent) if parent else None
        if root:
            around = _NOWHERE
        elif above is not None:
            around = trace.set_span_in_context(NonRecordingSpan(above))
        else:
            around = otel_context.get_current()
        export = self._export
        if detail and export is not None and not export.collects:
            stands_for_it = trace.get_current_span(around).get_span_context()
            if stands_for_it.is_valid:
                yield Span(NonRecordingSpan(stands_for_it))
                return
            export = None
        if export is None:
            span: trace.Span = NonRecordingSpan(_new_context(around))
        else:
            kept, left_out = _links(links)
            span = export.tracer.start_span(
                f"{operation} {destination}" if destination else operation,
                around,
                _KINDS[kind],
                attributes,
                kept,
            )
            if left_out:
                span.set_attribute(semantic_names.LINKS_LEFT_OUT, left_out)
        token = otel_context.attach(trace.set_span_in_context(span, around))
        try:
            yield Span(span)
        except Exception as error:
            span.set_attribute(semantic_names.ERROR_TYPE, type(error).__qualname__)
            span.set_status(trace.StatusCode.ERROR, said_by(error))
            raise
        finally:
            otel_context.detach(token)
            span.end()

    def on_the_bus(self, send: Send, redactor: Redactor) -> AbstractAsyncContextManager[None]:
        """While the block runs spans go by `send`, without secrets; at its end those that wait do,
        for a second at most."""
        if self._export is None:
            return nullcontext()
        return self._export.by_way_of(send, redactor)

    async def close(self, *, deadline_seconds: float = 3.0) -> None:
        """Send what is waiting.

        What could not be sent by the deadline is dropped and counted.
        """
        if self._export is not None:
            await self._export.close(deadline_seconds=deadline_seconds)


def current_ids() -> tuple[str, str]:
    """Trace id and span id of the current span; both empty outside of any."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return "", ""
    return f"{context.trace_id:032x}", f"{context.span_id:016x}"


def inject(headers: MutableMapping[str, str]) -> None:
    """Put the current span into a message's headers, where there is one."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        headers[TRACEPARENT] = _traceparent(context)


def extract(headers: Mapping[str, str] | None) -> str | None:
    """The valid `traceparent` of a message; None where it has none or nonsense."""
    value = headers.get(TRACEPARENT) if headers else None
    return value if value and _parse(value) else None


def traceparent_of(trace_id: str, span_id: str) -> str | None:
    """The `traceparent` of the span that an envelope names; None where its ids are not valid."""
    return extract({TRACEPARENT: f"00-{trace_id}-{span_id}-01"})


def _new_context(around: Context) -> SpanContext:
    above = trace.get_current_span(around).get_span_context()
    if above.is_valid:
        trace_id, flags = above.trace_id, above.trace_flags
    else:
        trace_id, flags = int.from_bytes(secrets.token_bytes(16)), _SAMPLED
    return SpanContext(trace_id, int.from_bytes(secrets.token_bytes(8)), False, flags)


def _traceparent(context: SpanContext) -> str:
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def _parse(traceparent: str) -> SpanContext | None:
    found = _PROPAGATOR.extract({TRACEPARENT: traceparent}, _NOWHERE)
    context = trace.get_current_span(found).get_span_context()
    return context if context.is_valid else None


def _links(traceparents: Iterable[str]) -> tuple[list[trace.Link], int]:
    different = list(dict.fromkeys(traceparents))
    contexts = map(_parse, different[:MAX_LINKS])
    kept = [trace.Link(context) for context in contexts if context is not None]
    return kept, max(0, len(different) - MAX_LINKS)
