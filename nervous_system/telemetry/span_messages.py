"""What is a message of spans on the bus? OTLP, as any collector takes it, without secrets, and
small enough for the stream.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.sdk.trace import ReadableSpan

from nervous_system.contract.redaction import REPLACEMENT, Redactor
from nervous_system.contract.secret_search import may_hold_secrets
from nervous_system.names import MAX_TELEMETRY_BYTES
from nervous_system.telemetry import semantic_names


def messages_of(
    spans: Sequence[ReadableSpan], redactor: Redactor, *, lost: int
) -> Iterator[tuple[bytes, int]]:
    """Messages, and how many spans each holds; the first says how many were `lost` on the way here
    since that was last said. A span that is too large for a message of its own is in none.
    """
    request = encode_spans(spans)
    if lost and request.resource_spans:
        said = request.resource_spans[0].resource.attributes.add(key=semantic_names.SPANS_LOST)
        said.value.int_value = lost
    data = request.SerializeToString()
    if redactor.configured is not None or may_hold_secrets(data):
        _redact(request, redactor)
        data = request.SerializeToString()
    if len(data) <= MAX_TELEMETRY_BYTES:
        yield data, len(spans)
    elif len(spans) > 1:
        middle = len(spans) // 2
        yield from messages_of(spans[:middle], redactor, lost=lost)
        yield from messages_of(spans[middle:], redactor, lost=0)


def _redact(request: ExportTraceServiceRequest, redactor: Redactor) -> None:
    for resource in request.resource_spans:
        # Also what OTEL_RESOURCE_ATTRIBUTES says.
        _redact_attributes(resource.resource.attributes, redactor)
        for scope in resource.scope_spans:
            for span in scope.spans:
                span.name = redactor.name(span.name)[0]
                span.status.message = redactor.text(span.status.message)[0]
                _redact_attributes(span.attributes, redactor)


def _redact_attributes(pairs: Iterable[KeyValue], redactor: Redactor) -> None:
    """A value is looked at beside its name, which may say that it is a password."""
    for pair in pairs:
        if pair.value.WhichOneof("value") != "string_value":
            continue
        text = pair.value.string_value
        clean, taken = redactor.text(text)
        if taken:
            pair.value.string_value = clean
        elif redactor.text(json.dumps({pair.key: text}, ensure_ascii=False))[1]:
            pair.value.string_value = REPLACEMENT
