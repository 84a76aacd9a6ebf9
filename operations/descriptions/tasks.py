"""What happened to a task?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from enchanted.events.v1.station_pb2 import TaskImported, TaskStatusImported
from enchanted.events.v1.task_pb2 import (
    RESULT_CANCELLED,
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
from enchanted.events.v1.task_request_pb2 import ResultArrivedLate
from nervous_system.contract.payload import Payload
from nervous_system.phrases import because, counted, listed, named, percent, seconds, size, somebody


def needs(task: TaskManifest) -> list[str]:
    """What whoever does it must have: skills, and some of its machine."""
    found = [f"the skill {each}" for each in task.required_skills]
    if task.required_cpu_count:
        found.append(f"{task.required_cpu_count:g} processors")
    if task.required_memory_bytes:
        found.append(f"{size(task.required_memory_bytes)} of memory")
    return found


def _submitted(payload: TaskSubmitted) -> str:
    task = payload.manifest
    after = f", after {listed(task.depends_on)}" if task.depends_on else ""
    needed = f", needs {listed(needs(task))}" if needs(task) else ""
    what = f"{task.task_id} is to do {task.action}, priority {task.priority}{after}{needed}"
    return f"{what}{because(task.description)}"


def _rejected(payload: TaskRejected) -> str:
    return f"{payload.task_id} is refused{because('; '.join(payload.reasons))}"


def _claimed(payload: TaskClaimed) -> str:
    lease = f"for {seconds(payload.lease_seconds)}"
    return f"{payload.worker_id} has {payload.task_id} {lease}, attempt {payload.attempt}"


def _progressed(payload: TaskProgressed) -> str:
    done = f" is {percent(payload.fraction)} done" if payload.HasField("fraction") else " goes on"
    return f"{payload.task_id}{done}, says {payload.worker_id}{because(payload.note)}"


def _released(payload: TaskReleased) -> str:
    if not payload.worker_id:
        other = " with another payload" if payload.HasField("payload_json") else ""
        return f"{payload.task_id} may be tried again{other}{because(payload.reason)}"
    word = "given back by" if payload.given_back else "taken from"
    again = f", again in {seconds(payload.retry_in_seconds)}" if payload.retry_in_seconds else ""
    return f"{payload.task_id} is {word} {payload.worker_id}{again}{because(payload.reason)}"


def _completed(payload: TaskCompleted) -> str:
    return f"{payload.task_id} is done by {payload.worker_id}, attempt {payload.attempt}"


def _failed(payload: TaskFailed) -> str:
    left = payload.HasField("retry_in_seconds")
    again = f"again in {seconds(payload.retry_in_seconds)}" if left else "no attempt is left"
    result = f"attempt {payload.attempt} at {payload.task_id} by {payload.worker_id} ended as"
    return f"{result} {named(TaskResult, payload.result)}, {again}{because(payload.reason)}"


def _cancelled(payload: TaskCancelled) -> str:
    return f"{payload.task_id} is called off{because(payload.reason)}"


def _expired(payload: TaskExpired) -> str:
    return f"{payload.task_id} was not done in time{because(payload.reason)}"


def _quarantined(payload: TaskQuarantined) -> str:
    return f"{payload.task_id} is set aside{because(payload.reason)}"


def _acknowledged(payload: TaskAcknowledged) -> str:
    result = f"{payload.task_id} ended as {named(TaskResult, payload.result)}"
    if not payload.attempts:
        return f"{result} and was never tried{because(payload.notes)}"
    tried = f"after {counted(payload.attempts, 'attempt')}, the last"
    lasted = f"of {seconds(payload.duration_seconds)} " if payload.duration_seconds else ""
    length = f"{lasted}by {somebody(payload.worker_id)}"
    score = f"TES {payload.tool_efficacy_score:.0f}"
    return f"{result} {tried} {length}, {score}{because(payload.notes)}"


def _late(payload: ResultArrivedLate) -> str:
    if payload.result == RESULT_CANCELLED:
        ended = f"{payload.worker_id} ended attempt {payload.attempt} at {payload.task_id}"
        return f"{ended}, which was called off{because(payload.reason)}"
    report = f"{payload.worker_id} reported {payload.task_id} as"
    return f"{report} {named(TaskResult, payload.result)}, too late{because(payload.reason)}"


def _imported(payload: TaskImported) -> str:
    whose = f", assigned to {payload.assignee}" if payload.assignee else ""
    return f"a station had {payload.task_id} as {payload.status or 'no status'}{whose}"


def _status_imported(payload: TaskStatusImported) -> str:
    said = f"{somebody(payload.agent_id)} said of {payload.task_id}"
    return f"{said}: {payload.status or 'no status'}{because(payload.notes)}"


TASKS: Final[dict[type[Payload], Callable[[Any], str]]] = {
    TaskSubmitted: _submitted,
    TaskRejected: _rejected,
    TaskClaimed: _claimed,
    TaskProgressed: _progressed,
    TaskReleased: _released,
    TaskCompleted: _completed,
    TaskFailed: _failed,
    TaskCancelled: _cancelled,
    TaskExpired: _expired,
    TaskQuarantined: _quarantined,
    TaskAcknowledged: _acknowledged,
    ResultArrivedLate: _late,
    TaskImported: _imported,
    TaskStatusImported: _status_imported,
}
