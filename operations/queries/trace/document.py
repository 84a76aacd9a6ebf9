"""What is a trace as one JSON object?"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from nervous_system.contract.event import RecordedEvent
from operations.queries.event_json import json_line
from operations.queries.trace.jaeger import span_page
from operations.queries.trace.tree import Trace, trace_page


def trace_document(trace: Trace, jaeger_url: str | None) -> dict[str, Any]:
    """The trace, its events and spans, and what of other traces led to it and followed from it.

    Of a cause that ClickHouse does not have, there is the id, and no `payload_kind`. Each
    `jaeger_url` is None where there is no Jaeger.
    """
    return {
        "trace_id": trace.trace_id,
        "asked": trace.asked or None,
        "jaeger_url": trace_page(trace, jaeger_url),
        "cut": trace.cut,
        "events": [_event(each, jaeger_url) for each in trace.events],
        "spans": [
            {**asdict(each), "started_at": each.started_at.isoformat()} for each in trace.spans
        ],
        "caused_by": [
            {"event_id": each.event_id, "payload_kind": None}
            if each.recorded is None
            else _event(each.recorded, jaeger_url)
            for each in trace.causes
        ],
        "led_to": [asdict(each) for each in trace.onward],
    }


def _event(recorded: RecordedEvent, jaeger_url: str | None) -> dict[str, Any]:
    return {**json.loads(json_line(recorded)), "jaeger_url": span_page(recorded, jaeger_url)}
