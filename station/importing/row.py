"""
What does a row of a station mean?

Each is a plain JSON object whose fields may be missing or of any type: what fits a field of ours
goes there, and the row itself stays as it was beside it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from enchanted.events.v1.objective_pb2 import ObjectiveProposed
from enchanted.events.v1.station_pb2 import TaskImported, TaskStatusImported
from enchanted.events.v1.task_pb2 import TaskManifest
from importers.swe_agent.history import UNKNOWN_TIME
from nervous_system.contract.check import EARLIEST_SECONDS, LATEST_SECONDS
from nervous_system.contract.truncation import recordable
from nervous_system.ids import subject_key
from station.importing.folder import Row
from station.names import ROW_KEY

_MAX_ID_CHARACTERS: Final = 200
_LARGEST: Final = 2**32 - 1
_MAX_SECONDS: Final = 1e12
_CLOCKS: Final = ("timestamp", "created_at", "updated_at", "generated_at")
AS_IMPORTED: Final = "-as-imported"
"""Behind the id of an objective of the inbox, as history: the id itself stays free, so that the
open objective can still become a real one."""


def task_id_of(row: Row) -> str:
    """The row's task id; one derived from its content where it has none that can be one."""
    return _id(row, "task_id")


def objective_id_of(row: Row) -> str:
    """The row's objective id, or a derived one."""
    return _id(row, "objective_id")


def moment_of(row: Row) -> datetime:
    """
    When the row says that it was written, in UTC; a clock without a zone is taken for UTC.

    1970-01-01, which every reader takes for unknown, where it does not say, or nothing that could
    be.
    """
    for fields in (row.fields, row.fields.get("metadata"), row.fields.get("payload")):
        for name in _CLOCKS:
            moment = _moment(fields.get(name)) if isinstance(fields, dict) else None
            if moment is not None:
                return moment
    return UNKNOWN_TIME


def manifest_of(row: Row) -> TaskManifest:
    """What of a row of the task queue a manifest can hold."""
    fields = row.fields
    found = fields.get("payload")
    payload = found if isinstance(found, dict) else {}
    return TaskManifest(
        task_id=task_id_of(row),
        objective_id=text_of(fields.get("objective_id")),
        action=text_of(fields.get("action")),
        description=text_of(fields.get("description") or payload.get("description")),
        payload_json=_json(payload) if payload else "",
        priority=_count(fields.get("priority", payload.get("priority"))),
        owner=text_of(fields.get("owner")),
        depends_on=_texts(fields.get("depends_on")),
        ttl_seconds=_seconds(fields.get("ttl_seconds")),
        required_skills=_texts(fields.get("required_skills")),
        max_attempts=_count(fields.get("max_attempts")),
        idempotency_key=text_of(fields.get("idempotency_key")),
    )


def imported_task(row: Row) -> TaskImported:
    """A row of the task queue, as history."""
    return TaskImported(
        task_id=task_id_of(row),
        manifest=manifest_of(row),
        status=text_of(row.fields.get("status")),
        assignee=text_of(row.fields.get("assignee")),
        created_at=text_of(row.fields.get("created_at")),
        row_json=row.text,
    )


def imported_status(row: Row) -> TaskStatusImported:
    """A row of a task status file or a dispatch log, as history."""
    return TaskStatusImported(
        task_id=task_id_of(row),
        agent_id=text_of(row.fields.get("agent_id")),
        status=text_of(row.fields.get("status")),
        notes=text_of(row.fields.get("notes")),
        reported_at=text_of(row.fields.get("timestamp")),
        row_json=row.text,
    )


def imported_objective(row: Row, *, taken: bool) -> ObjectiveProposed:
    """
    An objective, as history, with its row in the metadata.

    `taken`: it is over; else it was waiting in the inbox, and its id is kept free.
    """
    proposed = proposed_objective(row)
    metadata = json.loads(proposed.metadata_json or "{}")
    proposed.metadata_json = _json({**metadata, ROW_KEY: row.text})
    proposed.objective_id += "" if taken else AS_IMPORTED
    proposed.history = True
    return proposed


def proposed_objective(row: Row) -> ObjectiveProposed:
    """An objective as it is asked for."""
    metadata = row.fields.get("metadata")
    return ObjectiveProposed(
        objective_id=objective_id_of(row),
        description=text_of(row.fields.get("description")),
        priority=_count(row.fields.get("priority")),
        metadata_json=_json(metadata) if isinstance(metadata, dict) and metadata else "",
        source="import",
    )


def text_of(value: Any) -> str:
    """A value of any kind as text; empty for none."""
    if value is None:
        return ""
    return recordable(value) if isinstance(value, str) else _json(value)


def _id(row: Row, name: str) -> str:
    value = row.fields.get(name)
    text = "" if isinstance(value, bool | float | list | dict) else text_of(value)
    if not text.strip() or len(text) > _MAX_ID_CHARACTERS:
        return subject_key(name, row.content)
    return text


def _moment(value: Any) -> datetime | None:
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value.strip())
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
            moment = moment.astimezone(UTC)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            moment = UNKNOWN_TIME + timedelta(seconds=value)
        else:
            return None
    except (ValueError, OverflowError):
        return None
    seconds = (moment - UNKNOWN_TIME).total_seconds()
    return moment if EARLIEST_SECONDS <= seconds < LATEST_SECONDS else None


def _count(value: Any) -> int:
    """A whole number that the contract can hold, 0 where it is none."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return int(value) if whole and 0 <= value <= _LARGEST else 0


def _seconds(value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and 0 <= value <= _MAX_SECONDS else 0.0


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list):
        return []
    return [recordable(each) for each in value if isinstance(each, str)]


def _json(value: Any) -> str:
    return recordable(json.dumps(value, ensure_ascii=False, sort_keys=True))
