"""What does the life of a task look like in the classic files?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from google.protobuf.json_format import MessageToDict

from enchanted.events.v1.task_pb2 import (
    RESULT_CANCELLED,
    RESULT_COMPLETED,
    RESULT_EXPIRED,
    RESULT_QUARANTINED,
    TaskAcknowledged,
    TaskCancelled,
    TaskClaimed,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskManifest,
    TaskProgressed,
    TaskQuarantined,
    TaskRejected,
    TaskReleased,
    TaskResult,
    TaskSubmitted,
)
from nervous_system.contract.payload import Payload
from nervous_system.contract.words import word
from nervous_system.phrases import enum_label
from station.exporting.line import ExportLine, clock, json_line
from station.names import DISPATCH_LOG, TASK_STATUS

_ENDS: Final = (RESULT_COMPLETED, RESULT_CANCELLED, RESULT_EXPIRED, RESULT_QUARANTINED)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTask:
    """A task of the kernel as the task queue shows it."""

    sequence: int  # its first event's
    manifest: TaskManifest
    status: str = "pending"
    assignee: str | None = None
    created_at: str
    updated_at: str

    def row(self) -> dict[str, Any]:
        """Its row of the task queue."""
        manifest = self.manifest
        payload = _object(manifest.payload_json)
        if manifest.description:
            payload.setdefault("description", manifest.description)
        return {
            "task_id": manifest.task_id,
            "objective_id": manifest.objective_id,
            "action": manifest.action,
            "payload": payload,
            "priority": manifest.priority,
            "created_at": self.created_at,
            **self.progress(),
        }

    def progress(self) -> dict[str, Any]:
        """The part of the row that changes during its life."""
        return {
            "status": self.status,
            "assignee": self.assignee,
            "updated_at": self.updated_at,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """What one event says."""

    event: str
    status: str
    agent_id: str | None = None
    notes: str | None = None
    more: Mapping[str, Any]


def task_step(
    task: LiveTask | None, payload: Payload, *, sequence: int, recorded_at: datetime
) -> tuple[LiveTask, tuple[ExportLine, ...]] | None:
    """The task after one more event, and the lines that this one leaves; None where it is no step.

    `task` is what it was before, None where this is the first that is known of it.
    """
    now = clock(recorded_at)
    if isinstance(payload, TaskSubmitted):
        if task is not None:
            return task, ()
        manifest = payload.manifest
        return LiveTask(sequence=sequence, manifest=manifest, created_at=now, updated_at=now), ()
    step = _step(payload)
    if step is None:
        return None
    task_id = str(getattr(payload, "task_id", ""))
    if task is None:  # its beginning has aged out of the log
        manifest = TaskManifest(task_id=task_id)
        task = LiveTask(sequence=sequence, manifest=manifest, created_at=now, updated_at=now)
    if isinstance(payload, TaskAcknowledged) and not task.manifest.action:
        manifest = TaskManifest(
            task_id=task_id, objective_id=payload.objective_id, action=payload.action
        )
        task = replace(task, manifest=manifest)
    assignee = None if step.status == "pending" else step.agent_id or task.assignee
    after = replace(task, status=step.status, assignee=assignee, updated_at=now)
    lines = [_status_line(TASK_STATUS, task_id, step, now)]
    if isinstance(payload, TaskClaimed):
        lines.append(_status_line(DISPATCH_LOG, task_id, step, now))
    return after, tuple(lines)


def rejection_line(payload: TaskRejected, recorded_at: datetime) -> ExportLine:
    """A task that was never one: only its status file tells of it."""
    step = _Step(
        event="reject",
        status="rejected",
        notes="; ".join(payload.reasons) or None,
        more={"objective_id": payload.objective_id},
    )
    return _status_line(TASK_STATUS, payload.task_id, step, clock(recorded_at))


def _status_line(file: str, task_id: str, step: _Step, now: str) -> ExportLine:
    row = {
        "agent_id": step.agent_id,
        "notes": step.notes,
        "payload": {"event": step.event, **step.more},
        "status": step.status,
        "task_id": task_id,
        "timestamp": now,
    }
    return json_line(file, row)


def _step(payload: Payload) -> _Step | None:
    match payload:
        case TaskClaimed():
            return _of(payload, "dispatch", "dispatched")
        case TaskProgressed():
            return _of(payload, "progress", "in_progress")
        case TaskReleased():
            return _of(payload, "release", "pending")
        case TaskFailed():
            waits = payload.HasField("retry_in_seconds")
            return _of(payload, "fail", "pending" if waits else "failed")
        case TaskCompleted():
            return _of(payload, "complete", "completed")
        case TaskCancelled():
            return _of(payload, "cancel", "cancelled")
        case TaskExpired():
            return _of(payload, "expire", "expired")
        case TaskQuarantined():
            return _of(payload, "quarantine", "quarantined")
        case TaskAcknowledged():
            return _of(payload, "acknowledge", _end(payload))
        case _:
            return None


def _of(
    payload: TaskClaimed
    | TaskProgressed
    | TaskReleased
    | TaskFailed
    | TaskCompleted
    | TaskCancelled
    | TaskExpired
    | TaskQuarantined
    | TaskAcknowledged,
    event: str,
    status: str,
) -> _Step:
    said = MessageToDict(payload, preserving_proto_field_name=True)
    said.pop("task_id", None)
    agent_id = said.pop("worker_id", None)
    notes = [said.pop(name) for name in ("notes", "note", "reason") if name in said]
    if "result" in said and payload.result in TaskResult.values():  # type: ignore[union-attr]
        said["result"] = word(TaskResult, payload.result)  # type: ignore[union-attr]
    return _Step(
        event=event, status=status, agent_id=agent_id, notes="; ".join(notes) or None, more=said
    )


def _end(acknowledged: TaskAcknowledged) -> str:
    result = acknowledged.result
    return enum_label(TaskResult, result) if result in _ENDS else "failed"


def _object(text: str) -> dict[str, Any]:
    """The arguments in a manifest; empty where they are no JSON object."""
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
