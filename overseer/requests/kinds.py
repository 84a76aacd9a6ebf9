"""Which file knows about which request: what it leads to, and what is replied?

The reply is made from the state that contains what the request led to, so asking again is harmless.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.objective_pb2 import ObjectiveApproved, ObjectiveProposed
from enchanted.events.v1.task_request_pb2 import (
    ClaimRequested,
    ProgressReported,
    ReleaseRequested,
    ResultReported,
    TaskOrdered,
    TasksProposed,
)
from nervous_system.service.decision import Emit
from overseer.requests import (
    approval,
    claim,
    objective_proposal,
    order,
    progress,
    release,
    result,
    task_proposal,
)
from overseer.requests.asked import DecidedRequest


class RequestKind(NamedTuple):
    """What is known of one kind; its payload is the second argument."""

    leads_to: Callable[[DecidedRequest, Any], tuple[Emit, ...]]
    reply: Callable[[DecidedRequest, Any], Answer]


KINDS: Final[Mapping[type, RequestKind]] = {
    ClaimRequested: RequestKind(claim.leads_to, claim.reply),
    ProgressReported: RequestKind(progress.leads_to, progress.reply),
    ResultReported: RequestKind(result.leads_to, result.reply),
    ReleaseRequested: RequestKind(release.leads_to, release.reply),
    TasksProposed: RequestKind(task_proposal.leads_to, task_proposal.reply),
    TaskOrdered: RequestKind(order.leads_to, order.reply),
    ObjectiveProposed: RequestKind(objective_proposal.leads_to, objective_proposal.reply),
    ObjectiveApproved: RequestKind(approval.leads_to, approval.reply),
}


def leads_to(asked: DecidedRequest) -> tuple[Emit, ...]:
    """What follows from a request; nothing from one that is not its sender's to make."""
    payload = asked.request.payload
    return () if asked.objection else KINDS[type(payload)].leads_to(asked, payload)


def afterwards(asked: DecidedRequest, report: ResultReported) -> tuple[Emit, ...]:
    """What else follows from a result, when the state contains that."""
    return () if asked.objection else result.afterwards(asked, report)


def reply(asked: DecidedRequest) -> Answer:
    """What the state says to a request that was decided on, now or before."""
    if reason := asked.objection:
        return Answer(reasons=[reason])
    request = asked.request
    kind = KINDS.get(type(request.payload))
    if kind is None:
        return Answer(reasons=[f"the overseer is not asked for {request.kind.field}"])
    return kind.reply(asked, request.payload)
