"""Which rows are in a message of spans? Its texts are whatever somebody wrote: they are cut, and
what is no span is counted. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from nervous_system.contract.stored import Stored
from nervous_system.names import TELEMETRY
from nervous_system.telemetry import semantic_names

MAX_NAME_CHARACTERS: Final = 200
MAX_TEXT_CHARACTERS: Final = 1000
MAX_ATTRIBUTES: Final = 32
MAX_LINKS: Final = 32
MAX_LOST: Final = 1_000_000
"""Spans that one message may say were lost: whoever says more says nothing."""

_LAST_NANOSECOND: Final = 2**63 - 1
_LAST_POSITION: Final = 2**64 - 1
_KINDS: Final = {
    Span.SPAN_KIND_SERVER: "server",
    Span.SPAN_KIND_CLIENT: "client",
    Span.SPAN_KIND_PRODUCER: "producer",
    Span.SPAN_KIND_CONSUMER: "consumer",
}
_STATUS: Final = {Status.STATUS_CODE_OK: "ok", Status.STATUS_CODE_ERROR: "error"}


@dataclass(slots=True)
class SpanRows:
    """What is in some messages."""

    lines: list[bytes]  # one JSON object each, with the columns of `swarm.span_rows`
    unreadable: int = 0  # messages and spans that are none
    lost: int = 0  # spans that never got onto the bus, as whoever lost them says


def rows_of(messages: Iterable[Stored]) -> SpanRows:
    """All spans of these messages."""
    rows = SpanRows([])
    for stored in messages:
        try:
            request = ExportTraceServiceRequest.FromString(stored.data)
        except DecodeError:
            rows.unreadable += 1
        else:
            _add(rows, request, stored)
    return rows


def _add(rows: SpanRows, request: ExportTraceServiceRequest, stored: Stored) -> None:
    for resource in request.resource_spans:
        said = _attributes(resource.resource.attributes)
        lost = said.get(semantic_names.SPANS_LOST, "")
        if lost.isascii() and lost.isdigit() and int(lost) <= MAX_LOST:
            rows.lost += int(lost)
        whose = {
            "source": stored.subject.removeprefix(f"{TELEMETRY}.")[:MAX_NAME_CHARACTERS],
            "service": said.get(semantic_names.SERVICE_NAME, "")[:MAX_NAME_CHARACTERS],
            "instance": said.get(semantic_names.SERVICE_INSTANCE_ID, "")[:MAX_NAME_CHARACTERS],
            "recorded_at": _moment(stored.recorded_at_ns),
            "seq": stored.sequence,
            "precedence": _LAST_POSITION - stored.sequence,
        }
        for scope in resource.scope_spans:
            for span in scope.spans:
                if len(span.trace_id) != 16 or len(span.span_id) != 8:
                    rows.unreadable += 1
                    continue
                row = {**whose, **_row(span)}
                rows.lines.append(json.dumps(row, ensure_ascii=False).encode())


def _row(span: Span) -> dict[str, Any]:
    parent = span.parent_span_id
    return {
        "trace_id": span.trace_id.hex(),
        "span_id": span.span_id.hex(),
        "parent_span_id": parent.hex() if len(parent) == 8 and any(parent) else "",
        "name": span.name[:MAX_NAME_CHARACTERS],
        "kind": _KINDS.get(span.kind, "internal"),
        "started_at": _moment(span.start_time_unix_nano),
        "nanoseconds": max(0, span.end_time_unix_nano - span.start_time_unix_nano),
        "status": _STATUS.get(span.status.code, ""),
        "status_message": span.status.message[:MAX_TEXT_CHARACTERS],
        "attributes": _attributes(span.attributes),
        "links": [
            {"trace_id": link.trace_id.hex(), "span_id": link.span_id.hex()}
            for link in span.links[:MAX_LINKS]
            if len(link.trace_id) == 16 and len(link.span_id) == 8
        ],
    }


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, str]:
    """Those that are one text, number or truth; the first of a name counts."""
    found: dict[str, str] = {}
    for pair in pairs:
        text = _text(pair.value)
        if text is not None:
            found.setdefault(pair.key[:MAX_NAME_CHARACTERS], text[:MAX_TEXT_CHARACTERS])
        if len(found) == MAX_ATTRIBUTES:
            break
    return found


def _text(value: AnyValue) -> str | None:
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "int_value":
            return str(value.int_value)
        case "double_value":
            return str(value.double_value)
        case "bool_value":
            return str(value.bool_value).lower()
    return None


def _moment(nanoseconds: int) -> str:
    """As ClickHouse reads a moment, without losing a digit; one beyond its calendar is its last."""
    seconds, rest = divmod(min(nanoseconds, _LAST_NANOSECOND), 10**9)
    return f"{seconds:010d}.{rest:09d}"  # what has fewer digits may be a year
