"""How does an attempt, or a task, end, and who is told?

The batch of a task's end has all that the task leaves behind. If an attempt is taken from its
worker, a command in that batch tells the worker, which gets it even if it is away at the moment.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from enchanted.events.v1.command_pb2 import COMMAND_CANCEL, CommandIssued
from enchanted.events.v1.task_pb2 import (
    RESULT_CANCELLED,
    RESULT_EXPIRED,
    RESULT_QUARANTINED,
    TaskAcknowledged,
    TaskCancelled,
    TaskExpired,
    TaskFailed,
    TaskQuarantined,
    TaskReleased,
    TaskResult,
)
from enchanted.events.v1.task_request_pb2 import ResultReported
from nervous_system.contract.efficacy import tool_efficacy_score
from nervous_system.contract.truncation import truncate_middle
from nervous_system.phrases import enum_label
from nervous_system.service.decision import Emit
from overseer.kernel.state import KernelSettings
from overseer.kernel.task import Task

TOLD_SECONDS: Final = 3600.0
"""How long a command to end an attempt counts: a worker that is away for longer finds out when it
reports."""

MAX_TOLD_CHARACTERS: Final = 300
"""Of the reason."""

BEGUN_ONCE: Final = "it may have begun, and may be done at most once"


def failed_attempt(
    task: Task, settings: KernelSettings, result: TaskResult.ValueType, reason: str
) -> TaskFailed:
    """The end of the attempt that is under way, and when the next is due, where there is one."""
    assert task.claim is not None
    failed = TaskFailed(
        task_id=task.task_id,
        worker_id=task.claim.worker_id,
        attempt=task.attempt,
        result=result,
        reason=reason,
    )
    if task.failures + 1 < task.manifest.max_attempts:
        failed.retry_in_seconds = backoff(settings, task.failures + 1)
    return failed


def backoff(settings: KernelSettings, times: int) -> float:
    """Before the next attempt after so many failures."""
    return min(settings.max_backoff_seconds, settings.backoff_seconds * 2.0 ** min(times - 1, 30))


def expire(task: Task, now: datetime) -> tuple[Emit, ...]:
    """Its time to live is over."""
    reason = f"nobody had done it after {task.manifest.ttl_seconds:g} s"
    expired = TaskExpired(task_id=task.task_id, reason=reason)
    return (
        Emit(label=f"expired {task.task_id}", payload=expired),
        *call_off(task, reason),
        acknowledge(task, RESULT_EXPIRED, now),
    )


def cancel(task: Task, reason: str, now: datetime) -> tuple[Emit, ...]:
    """It is not to be done any more."""
    cancelled = TaskCancelled(task_id=task.task_id, reason=reason)
    return (
        Emit(label=f"cancelled {task.task_id}", payload=cancelled),
        *call_off(task, reason),
        acknowledge(task, RESULT_CANCELLED, now, notes=reason),
    )


def quarantine(task: Task, reason: str, now: datetime) -> tuple[Emit, ...]:
    """It is set aside until a person decides; it is still open."""
    set_aside = TaskQuarantined(task_id=task.task_id, reason=reason)
    return (
        Emit(label=f"quarantined {task.task_id}", payload=set_aside),
        *call_off(task, reason),
        acknowledge(task, RESULT_QUARANTINED, now, notes=reason),
    )


def call_off_halted(task: Task, halted: str) -> tuple[Emit, ...]:
    """An attempt that a halt ends: the task waits again, and nothing is counted against it."""
    assert task.claim is not None
    released = TaskReleased(
        task_id=task.task_id,
        worker_id=task.claim.worker_id,
        attempt=task.attempt,
        reason=halted,
        given_back=True,
    )
    return (Emit(label=f"released {task.task_id}", payload=released), *call_off(task, halted))


def call_off(task: Task, reason: str) -> tuple[Emit, ...]:
    """Tell the worker that has the task to end what it does for it; nothing if none has it."""
    if task.claim is None:
        return ()
    told = CommandIssued(
        kind=COMMAND_CANCEL,
        target=task.claim.worker_id,
        reason=truncate_middle(reason, max_characters=MAX_TOLD_CHARACTERS),
        expires_in_seconds=TOLD_SECONDS,
        emergency=True,
        task_id=task.task_id,
        attempt=task.attempt,
    )
    return (Emit(label=f"told {task.task_id}", payload=told),)


def acknowledge(
    task: Task,
    result: TaskResult.ValueType,
    now: datetime,
    *,
    report: ResultReported | None = None,
    notes: str = "",
) -> Emit:
    """What a task that ends leaves behind."""
    began = task.claim.claimed_at if task.claim is not None else now
    duration_seconds = (now - began).total_seconds()
    changed_files = list(report.changed_files) if report is not None else []
    acknowledged = TaskAcknowledged(
        task_id=task.task_id,
        objective_id=task.manifest.objective_id,
        action=task.manifest.action,
        worker_id=task.claim.worker_id if task.claim is not None else task.last_worker_id,
        attempts=task.attempt,
        result=result,
        output=report.output if report is not None else "",
        duration_seconds=duration_seconds,
        changed_files=changed_files,
        notes=report.notes if report is not None else notes,
        tool_efficacy_score=tool_efficacy_score(
            result=result, duration_seconds=duration_seconds, changed_files=len(changed_files)
        ),
    )
    return Emit(label=f"acknowledged {task.task_id}", payload=acknowledged)


def result_in_words(result: TaskResult.ValueType) -> str:
    """The end of an attempt or task, as it is told."""
    if result not in TaskResult.values():
        return f"result {int(result)}"
    return enum_label(TaskResult, result)
