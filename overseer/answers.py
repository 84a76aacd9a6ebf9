"""What does the state say to a request? Made from the state alone: asking again is harmless."""

from __future__ import annotations

from datetime import datetime

from enchanted.events.v1.answer_pb2 import Answer, TaskGrant
from enchanted.events.v1.objective_pb2 import ObjectiveApproved, ObjectiveProposed
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from enchanted.events.v1.task_pb2 import RESULT_CANCELLED, TaskResult
from enchanted.events.v1.task_request_pb2 import (
    ORDER_CANCEL,
    ORDER_QUARANTINE,
    ORDER_RETRY,
    ClaimRequested,
    ProgressReported,
    ReleaseRequested,
    ResultReported,
    TaskOrdered,
    TasksProposed,
)
from nervous_system.contract.event import Event
from overseer import gates
from overseer.kernel.choice import Rules, choose
from overseer.kernel.decide import applied, can_end, granted, held
from overseer.kernel.retrying import objection as retry_objection
from overseer.kernel.state import Kernel, Settings
from overseer.kernel.task import Task
from overseer.model import OverseerState
from overseer.standing import objection


def answer(
    state: OverseerState, rules: Rules, settings: Settings, request: Event, now: datetime
) -> Answer:
    """The answer to a request that was decided on, now or before."""
    kernel, payload, request_id = state.kernel, request.payload, request.event_id
    by_person = request.agent_role == ROLE_OPERATOR
    if reason := objection(request, kernel.workers):
        return Answer(reasons=[reason])
    match payload:
        case ClaimRequested() if not state.charter_hash:
            return Answer(again=True, reasons=[gates.NO_CHARTER])
        case ClaimRequested():
            return _claim(state, rules, settings, request_id, payload, now)
        case ReleaseRequested():
            task = kernel.tasks.get(payload.task_id)
            if task is not None and task.quarantined and task.attempt == payload.attempt:
                return Answer(accepted=True, accepted_ids=[task.task_id])  # nobody has it
            return _last_word(kernel, request_id, payload.task_id)
        case ResultReported() if not can_end(kernel, payload):
            return Answer(reasons=[f"{_result(payload.result)} is not how an attempt can end"])
        case ResultReported():
            said = _last_word(kernel, request_id, payload.task_id)
            following = granted(kernel, request_id, payload.next.worker_id)
            if following is not None:
                said.grant.CopyFrom(_grant(state, following, now))
            return said
        case ProgressReported():
            if held(kernel, payload.task_id, payload.worker_id, payload.attempt) is not None:
                return Answer(accepted=True, accepted_ids=[payload.task_id])
            return Answer(reasons=[f"the lease of {payload.task_id} was lost: stop working on it"])
        case TasksProposed():
            return _proposal(kernel, request_id, payload)
        case TaskOrdered() if payload.objective_id and not payload.task_id:
            return _order_of_objective(state, payload, by_person=by_person)
        case TaskOrdered():
            return _order(kernel, payload)
        case ObjectiveProposed():
            known = state.objectives.get(payload.objective_id)
            if (known is not None and known.request_id == request_id) or (
                state.finished.get(payload.objective_id) == request_id
            ):
                return Answer(accepted=True, accepted_ids=[payload.objective_id])
            return _refused(kernel, request_id, "it was not accepted")
        case ObjectiveApproved() if not by_person:
            return Answer(reasons=["only a person can approve an objective"])
        case ObjectiveApproved():
            known = state.objectives.get(payload.objective_id)
            if known is not None and known.plan and not known.waits_for_approval:
                return Answer(accepted=True, accepted_ids=[payload.objective_id])
            if known is not None and known.waits_for_approval:
                most, are = rules.policy.max_open_tasks, len(kernel.tasks)
                reason = (
                    f"the policy allows {most} open tasks and {are} are; approve it again later"
                )
            elif request_id in kernel.refusals:
                reason = (
                    f"{payload.objective_id} was approved and has failed, its tasks were rejected"
                )
                return Answer(reasons=[reason, *kernel.refusals[request_id]])
            else:
                reason = f"no objective {payload.objective_id} waits for approval"
            return Answer(reasons=[reason])
        case _:
            return Answer(reasons=[f"the overseer is not asked for {request.kind.field}"])


def _last_word(kernel: Kernel, request_id: str, task_id: str) -> Answer:
    if applied(kernel, task_id, request_id):
        return Answer(accepted=True, accepted_ids=[task_id])
    return _refused(kernel, request_id, "the worker does not have it in this attempt")


def _claim(
    state: OverseerState,
    rules: Rules,
    settings: Settings,
    request_id: str,
    request: ClaimRequested,
    now: datetime,
) -> Answer:
    kernel = state.kernel
    task = granted(kernel, request_id, request.worker_id)
    if task is not None:
        return Answer(accepted=True, accepted_ids=[task.task_id], grant=_grant(state, task, now))
    reason = choose(kernel, rules, settings, request, now)
    if isinstance(reason, str):
        return Answer(reasons=[reason], register_first=request.worker_id not in kernel.workers)
    return Answer(again=True, reasons=["a task has just become ready"])


def _grant(state: OverseerState, task: Task, now: datetime) -> TaskGrant:
    claim = task.claim
    assert claim is not None
    objective = state.objectives.get(task.manifest.objective_id)
    return TaskGrant(
        manifest=task.manifest.encode(),
        attempt=task.attempt,
        lease_seconds=max(0.0, (claim.lease_until - now).total_seconds()),
        traceparent=claim.traceparent,
        claim_event_id=claim.event_id,
        submission_traceparent=task.traceparent,
        objective_traceparent=objective.traceparent if objective is not None else "",
    )


def _proposal(kernel: Kernel, request_id: str, proposal: TasksProposed) -> Answer:
    accepted = []
    for manifest in proposal.tasks:
        known = kernel.tasks.get(manifest.task_id) or kernel.ended.get(manifest.task_id)
        if known is not None and known.request_id == request_id:
            accepted.append(manifest.task_id)
    reasons = kernel.refusals.get(request_id, ())
    return Answer(
        accepted=bool(accepted) and not reasons,
        accepted_ids=dict.fromkeys(accepted),
        reasons=reasons,
    )


def _order(kernel: Kernel, order: TaskOrdered) -> Answer:
    task = kernel.tasks.get(order.task_id)
    ended = kernel.ended.get(order.task_id)
    if order.order == ORDER_RETRY:
        reason = retry_objection(kernel, order)
        done = not reason and task is not None
    elif task is not None:
        done = task.quarantined is (order.order == ORDER_QUARANTINE)
        reason = f"{order.task_id} is not in a state for that"
    elif ended is not None:
        done = order.order == ORDER_CANCEL and ended.result == RESULT_CANCELLED
        reason = f"{order.task_id} has ended already: {_result(ended.result)}"
    else:
        done, reason = False, f"there is no task {order.task_id}"
    if not done:
        return Answer(reasons=[reason])
    return Answer(accepted=True, accepted_ids=[order.task_id])


def _order_of_objective(state: OverseerState, order: TaskOrdered, *, by_person: bool) -> Answer:
    """Accepted when it is over, however it ended: the log tells how."""
    objective_id = order.objective_id
    if not by_person:
        return Answer(reasons=["only a person can call an objective off"])
    if order.order != ORDER_CANCEL:
        return Answer(reasons=["an objective can be cancelled; give other orders to its tasks"])
    if objective_id in state.finished:
        return Answer(accepted=True, accepted_ids=[objective_id])
    return Answer(reasons=[f"there is no objective {objective_id}"])


def _result(result: TaskResult.ValueType) -> str:
    if result not in TaskResult.values():
        return f"result {int(result)}"
    return TaskResult.Name(result).removeprefix("RESULT_").lower().replace("_", " ")


def _refused(kernel: Kernel, request_id: str, otherwise: str) -> Answer:
    return Answer(reasons=kernel.refusals.get(request_id, (otherwise,)))
