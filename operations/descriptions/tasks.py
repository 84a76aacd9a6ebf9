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
from nervous_system.phrases import (
    enum_label,
    join_list,
    or_nobody,
    percent,
    pluralize,
    seconds,
    size,
    with_reason,
)


def needs(task: TaskManifest) -> list[str]:
    """What whoever does it must have: skills, and some of its machine."""
    found = [f"the skill {each}" for each in task.required_skills]
    if task.required_cpu_count:
        found.append(f"{task.required_cpu_count:g} processors")
    if task.required_memory_bytes:
        found.append(f"{size(task.required_memory_bytes)} of memory")
    return found


def _describe_submitted(payload: TaskSubmitted) -> str:
    task = payload.manifest
    after = f", after {join_list(task.depends_on)}" if task.depends_on else ""
    needed = f", needs {join_list(needs(task))}" if needs(task) else ""
    what = f"{task.task_id} is to do {task.action}, priority {task.priority}{after}{needed}"
    return f"{what}{with_reason(task.description)}"


def _describe_rejected(payload: TaskRejected) -> str:
    return f"{payload.task_id} is refused{with_reason('; '.join(payload.reasons))}"


def _describe_claimed(payload: TaskClaimed) -> str:
    lease = f"for {seconds(payload.lease_seconds)}"
    return f"{payload.worker_id} has {payload.task_id} {lease}, attempt {payload.attempt}"


def _describe_progressed(payload: TaskProgressed) -> str:
    done = f" is {percent(payload.fraction)} done" if payload.HasField("fraction") else " goes on"
    return f"{payload.task_id}{done}, says {payload.worker_id}{with_reason(payload.note)}"


def _describe_released(payload: TaskReleased) -> str:
    if not payload.worker_id:
        other = " with another payload" if payload.HasField("payload_json") else ""
        return f"{payload.task_id} may be tried again{other}{with_reason(payload.reason)}"
    word = "given back by" if payload.given_back else "taken from"
    again = f", again in {seconds(payload.retry_in_seconds)}" if payload.retry_in_seconds else ""
    return f"{payload.task_id} is {word} {payload.worker_id}{again}{with_reason(payload.reason)}"


def _describe_completed(payload: TaskCompleted) -> str:
    return f"{payload.task_id} is done by {payload.worker_id}, attempt {payload.attempt}"


def _describe_failed(payload: TaskFailed) -> str:
    left = payload.HasField("retry_in_seconds")
    again = f"again in {seconds(payload.retry_in_seconds)}" if left else "no attempt is left"
    result = f"attempt {payload.attempt} at {payload.task_id} by {payload.worker_id} ended as"
    return (
        f"{result} {enum_label(TaskResult, payload.result)}, {again}{with_reason(payload.reason)}"
    )


def _describe_cancelled(payload: TaskCancelled) -> str:
    return f"{payload.task_id} is called off{with_reason(payload.reason)}"


def _describe_expired(payload: TaskExpired) -> str:
    return f"{payload.task_id} was not done in time{with_reason(payload.reason)}"


def _describe_quarantined(payload: TaskQuarantined) -> str:
    return f"{payload.task_id} is set aside{with_reason(payload.reason)}"


def _describe_acknowledged(payload: TaskAcknowledged) -> str:
    result = f"{payload.task_id} ended as {enum_label(TaskResult, payload.result)}"
    if not payload.attempts:
        return f"{result} and was never tried{with_reason(payload.notes)}"
    tried = f"after {pluralize(payload.attempts, 'attempt')}, the last"
    lasted = f"of {seconds(payload.duration_seconds)} " if payload.duration_seconds else ""
    length = f"{lasted}by {or_nobody(payload.worker_id)}"
    score = f"TES {payload.tool_efficacy_score:.0f}"
    return f"{result} {tried} {length}, {score}{with_reason(payload.notes)}"


def _describe_late(payload: ResultArrivedLate) -> str:
    if payload.result == RESULT_CANCELLED:
        ended = f"{payload.worker_id} ended attempt {payload.attempt} at {payload.task_id}"
        return f"{ended}, which was called off{with_reason(payload.reason)}"
    report = f"{payload.worker_id} reported {payload.task_id} as"
    return (
        f"{report} {enum_label(TaskResult, payload.result)}, too late{with_reason(payload.reason)}"
    )


def _describe_imported(payload: TaskImported) -> str:
    whose = f", assigned to {payload.assignee}" if payload.assignee else ""
    return f"a station had {payload.task_id} as {payload.status or 'no status'}{whose}"


def _describe_status_imported(payload: TaskStatusImported) -> str:
    said = f"{or_nobody(payload.agent_id)} said of {payload.task_id}"
    return f"{said}: {payload.status or 'no status'}{with_reason(payload.notes)}"


TASKS: Final[dict[type[Payload], Callable[[Any], str]]] = {
    TaskSubmitted: _describe_submitted,
    TaskRejected: _describe_rejected,
    TaskClaimed: _describe_claimed,
    TaskProgressed: _describe_progressed,
    TaskReleased: _describe_released,
    TaskCompleted: _describe_completed,
    TaskFailed: _describe_failed,
    TaskCancelled: _describe_cancelled,
    TaskExpired: _describe_expired,
    TaskQuarantined: _describe_quarantined,
    TaskAcknowledged: _describe_acknowledged,
    ResultArrivedLate: _describe_late,
    TaskImported: _describe_imported,
    TaskStatusImported: _describe_status_imported,
}
