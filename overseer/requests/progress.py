"""A worker says how far it is: does it still have the task?"""

from __future__ import annotations

from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.task_pb2 import TaskProgressed
from enchanted.events.v1.task_request_pb2 import ProgressReported
from nervous_system.service.decision import Emit
from overseer.requests.asked import DecidedRequest, accepted


def leads_to(asked: DecidedRequest, report: ProgressReported) -> tuple[Emit, ...]:
    """The lease begins anew, where the worker still has it."""
    if asked.kernel.claimed_task(report.task_id, report.worker_id, report.attempt) is None:
        return ()
    progressed = TaskProgressed(
        task_id=report.task_id,
        worker_id=report.worker_id,
        attempt=report.attempt,
        note=report.note,
        lease_seconds=asked.kernel_settings.lease_seconds,
    )
    if report.HasField("fraction"):
        progressed.fraction = report.fraction
    return (Emit(label="progressed", payload=progressed),)


def reply(asked: DecidedRequest, report: ProgressReported) -> Answer:
    """Whether it goes on."""
    if asked.kernel.claimed_task(report.task_id, report.worker_id, report.attempt) is not None:
        return accepted(report.task_id)
    return Answer(reasons=[f"the lease of {report.task_id} was lost: stop working on it"])
