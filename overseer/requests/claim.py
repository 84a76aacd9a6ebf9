"""A worker asks for a task: which does it get?"""

from __future__ import annotations

from enchanted.events.v1.answer_pb2 import Answer, TaskGrant
from enchanted.events.v1.task_pb2 import TaskClaimed
from enchanted.events.v1.task_request_pb2 import ClaimRequested
from nervous_system.refusal import Refusal
from nervous_system.service.decision import Emit
from overseer import dispatch_control as gates
from overseer.kernel.scheduling import choose
from overseer.kernel.task import Task
from overseer.requests.asked import DecidedRequest, accepted


def leads_to(asked: DecidedRequest, claim: ClaimRequested) -> tuple[Emit, ...]:
    """The best task is claimed, or nothing happens."""
    kernel, settings = asked.kernel, asked.kernel_settings
    if kernel.granted_task(asked.request_id, claim.worker_id) is not None:
        return ()  # asked again
    task = choose(kernel, asked.rules, settings, claim, asked.now)
    if isinstance(task, Refusal):
        return ()
    claimed = TaskClaimed(
        task_id=task.task_id,
        worker_id=claim.worker_id,
        request_id=asked.request_id,
        attempt=task.attempt + 1,
        lease_seconds=settings.lease_seconds,
    )
    return (Emit(label="claimed", payload=claimed, traceparent=claim.traceparent),)


def reply(asked: DecidedRequest, claim: ClaimRequested) -> Answer:
    """The task that it was granted, or why it gets none."""
    kernel = asked.kernel
    if not asked.state.charter_hash:
        return Answer(again=True, reasons=[gates.NO_CHARTER])
    task = kernel.granted_task(asked.request_id, claim.worker_id)
    if task is not None:
        answer = accepted(task.task_id)
        answer.grant.CopyFrom(grant(asked, task))
        return answer
    chosen = choose(kernel, asked.rules, asked.kernel_settings, claim, asked.now)
    if isinstance(chosen, Refusal):
        stranger = claim.worker_id not in kernel.workers
        return Answer(reasons=chosen.reasons, register_first=stranger)
    return Answer(again=True, reasons=["a task has just become ready"])


def grant(asked: DecidedRequest, task: Task) -> TaskGrant:
    """What the worker of a claimed task is told of it."""
    claim = task.claim
    assert claim is not None
    objective = asked.state.objectives.get(task.manifest.objective_id)
    return TaskGrant(
        manifest=task.manifest.encode(),
        attempt=task.attempt,
        lease_seconds=max(0.0, (claim.lease_until - asked.now).total_seconds()),
        traceparent=claim.traceparent,
        claim_event_id=claim.event_id,
        submission_traceparent=task.traceparent,
        objective_traceparent=objective.traceparent if objective is not None else "",
    )
