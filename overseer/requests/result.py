"""A worker says how an attempt ended: what becomes of the task, and what does it do next?"""

from __future__ import annotations

from typing import Final

from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.task_pb2 import (
    RESULT_APPLIED_CHECKS_FAILED,
    RESULT_CANCELLED,
    RESULT_CHECKS_FAILED,
    RESULT_COMPLETED,
    RESULT_FAILED,
    TaskCompleted,
)
from enchanted.events.v1.task_request_pb2 import ResultArrivedLate, ResultReported
from nervous_system.contract.truncation import truncate_middle
from nervous_system.service.decision import Emit
from overseer.kernel.ends import (
    MAX_TOLD_CHARACTERS,
    acknowledge,
    failed_attempt,
    result_in_words,
)
from overseer.kernel.state import Kernel
from overseer.requests import claim
from overseer.requests.asked import DecidedRequest, accepted

RESULTS: Final = (
    *(RESULT_COMPLETED, RESULT_CHECKS_FAILED),
    *(RESULT_APPLIED_CHECKS_FAILED, RESULT_FAILED),
)
"""How a worker's attempt can end; every other end is the overseer's to tell."""


def leads_to(asked: DecidedRequest, report: ResultReported) -> tuple[Emit, ...]:
    """The task is completed, or fails; what comes too late is recorded and changes nothing."""
    kernel, now = asked.kernel, asked.now
    if not _can_end(kernel, report):
        return ()
    if kernel.is_applied(report.task_id, asked.request_id) or asked.request_id in kernel.refusals:
        return ()  # asked again
    task = kernel.claimed_task(report.task_id, report.worker_id, report.attempt)
    if task is None:
        late = ResultArrivedLate(
            task_id=report.task_id,
            worker_id=report.worker_id,
            attempt=report.attempt,
            result=report.result,
            reason=_why_late(kernel, report),
        )
        return (Emit(label="late", payload=late),)
    if report.result == RESULT_COMPLETED:
        completed = TaskCompleted(
            task_id=task.task_id, worker_id=report.worker_id, attempt=report.attempt
        )
        return (
            Emit(label="completed", payload=completed),
            acknowledge(task, report.result, now, report=report),
        )
    reason = report.notes or "its worker gave no reason"
    failed = failed_attempt(task, asked.kernel_settings, report.result, reason)
    emit = Emit(label="failed", payload=failed)
    if failed.HasField("retry_in_seconds"):
        return (emit,)
    return (emit, acknowledge(task, report.result, now, report=report))


def afterwards(asked: DecidedRequest, report: ResultReported) -> tuple[Emit, ...]:
    """The next task is claimed, when the result, which may have made one ready, is in the state."""
    return claim.leads_to(asked, report.next) if report.HasField("next") else ()


def reply(asked: DecidedRequest, report: ResultReported) -> Answer:
    """Whether it was taken, and the task that was claimed with it."""
    kernel = asked.kernel
    if not _can_end(kernel, report):
        return Answer(reasons=[f"{result_in_words(report.result)} is not how an attempt can end"])
    if kernel.is_applied(report.task_id, asked.request_id):
        answer = accepted(report.task_id)
    else:
        answer = asked.refused("the worker does not have it in this attempt")
    following = kernel.granted_task(asked.request_id, report.next.worker_id)
    if following is not None:
        answer.grant.CopyFrom(claim.grant(asked, following))
    return answer


def _can_end(kernel: Kernel, report: ResultReported) -> bool:
    """Whether an attempt can end so: cancelled only one that was called off, and so is over."""
    if report.result == RESULT_CANCELLED:
        return kernel.claimed_task(report.task_id, report.worker_id, report.attempt) is None
    return report.result in RESULTS


def _why_late(kernel: Kernel, report: ResultReported) -> str:
    if report.result == RESULT_CANCELLED and report.notes:
        return truncate_middle(report.notes, max_characters=MAX_TOLD_CHARACTERS)
    if report.task_id in kernel.ended:
        return "the task has ended"
    task = kernel.tasks.get(report.task_id)
    if task is None:
        return "there is no such task"
    if task.claim is None:
        return f"the lease of attempt {report.attempt} was lost, and the task waits again"
    return f"attempt {task.attempt} of {task.claim.worker_id} is under way"
