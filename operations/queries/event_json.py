"""How does one event read as one JSON object?"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from google.protobuf.json_format import MessageToDict

from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.stored import Stored
from nervous_system.contract.subjects import source_of


def json_line(recorded: RecordedEvent) -> str:
    """Everything the event says, with its place on the log, as one JSON object."""
    return json.dumps(event_document(recorded), ensure_ascii=False)


def event_document(recorded: RecordedEvent) -> dict[str, Any]:
    """As `json_line`, before it is text."""
    event = recorded.event
    return {
        "sequence": recorded.sequence,
        "subject": recorded.subject,
        "recorded_at": _text(recorded.recorded_at),
        "event_id": event.event_id,
        "timestamp": _text(event.timestamp),
        "agent_role": source_of(event.agent_role),
        "agent_id": event.agent_id,
        "trace_id": event.trace_id,
        "span_id": event.span_id,
        "causation_id": event.causation_id,
        "correlation_id": event.correlation_id,
        **_attribution(event),
        "payload_kind": event.kind.field,
        event.kind.field: MessageToDict(event.payload, preserving_proto_field_name=True),
    }


def _attribution(event: Event) -> dict[str, object]:
    if event.attribution is None:
        return {}
    return {"attribution": MessageToDict(event.attribution, preserving_proto_field_name=True)}


def unreadable_json(stored: Stored, *, reason: str) -> str:
    """A position that holds no event we can read, as one JSON object."""
    return json.dumps(unreadable_document(stored, reason=reason), ensure_ascii=False)


def unreadable_document(stored: Stored, *, reason: str) -> dict[str, Any]:
    """As `unreadable_json`, before it is text."""
    return {
        "sequence": stored.sequence,
        "subject": stored.subject,
        "recorded_at": _text(stored.recorded_at),
        "payload_kind": None,
        "unreadable": reason,
        "bytes": len(stored.data),
    }


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
