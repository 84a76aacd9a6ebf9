"""How does a row of a station come out of the log? As it was; from its fields where it cannot."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from enchanted.events.v1.station_pb2 import TaskImported
from nervous_system.contract.event import RecordedEvent


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """A row of a file of a station, at its place in the log."""

    sequence: int
    subject: str  # the task or objective that it is about
    fields: dict[str, Any]
    text: str  # as it was

    @classmethod
    def of(
        cls, recorded: RecordedEvent, subject: str, text: str, plain: dict[str, Any]
    ) -> ImportedRow:
        """The row in `text`, or in the fields beside it where `text` is none any more."""
        fields = json_object(text)
        if fields is None:
            fields, text = plain, json.dumps(plain, sort_keys=True, ensure_ascii=False)
        return cls(recorded.sequence, subject, fields, one_line(text))


def plain_task(payload: TaskImported) -> dict[str, Any]:
    """What the event itself says of the row."""
    manifest = payload.manifest
    return {
        "task_id": payload.task_id,
        "objective_id": manifest.objective_id,
        "action": manifest.action,
        "payload": json_object(manifest.payload_json) or {},
        "priority": manifest.priority,
        "status": payload.status,
        "assignee": payload.assignee or None,
        "created_at": payload.created_at or None,
    }


def one_line(text: str) -> str:
    """A JSON text on one line."""
    if "\n" not in text and "\r" not in text:
        return text
    return json.dumps(json_object(text) or {"text": text}, sort_keys=True, ensure_ascii=False)


def json_object(text: str) -> dict[str, Any] | None:
    """The JSON object in a text; None where there is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
