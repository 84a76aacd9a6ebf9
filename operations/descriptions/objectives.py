"""What is the swarm to achieve, how did that become tasks, and how did it end?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from enchanted.events.v1.objective_pb2 import (
    ObjectiveAdded,
    ObjectiveApproved,
    ObjectiveFinished,
    ObjectivePlanned,
    ObjectiveProposed,
    ObjectiveRejected,
    ObjectiveResult,
)
from nervous_system.contract.payload import Payload
from nervous_system.phrases import enum_label, pluralize, with_reason


def _describe_proposed(payload: ObjectiveProposed) -> str:
    source = f" by {payload.source}" if payload.source else ""
    history = " as history" if payload.history else ""
    what = f"{payload.objective_id} is proposed{source}{history}, priority {payload.priority}"
    return f"{what}{with_reason(payload.description)}"


def _describe_added(payload: ObjectiveAdded) -> str:
    history = " as history" if payload.history else ""
    what = f"{payload.objective_id} is taken on{history}, priority {payload.priority}"
    return f"{what}{with_reason(payload.description)}"


def _describe_rejected(payload: ObjectiveRejected) -> str:
    return f"{payload.objective_id} is refused{with_reason('; '.join(payload.reasons))}"


def _describe_planned(payload: ObjectivePlanned) -> str:
    tasks = pluralize(len(payload.task_ids), "task")
    waits = ", waits for approval" if payload.waits_for_approval else ""
    what = f"{payload.objective_id} becomes {tasks} by plan {payload.plan or 'without a name'}"
    return f"{what}{waits}{with_reason(payload.rationale)}"


def _describe_approved(payload: ObjectiveApproved) -> str:
    return f"{payload.objective_id} may go on{with_reason(payload.reason)}"


def _describe_finished(payload: ObjectiveFinished) -> str:
    result = enum_label(ObjectiveResult, payload.result)
    return f"{payload.objective_id} ended as {result}{with_reason(payload.summary)}"


OBJECTIVES: Final[dict[type[Payload], Callable[[Any], str]]] = {
    ObjectiveProposed: _describe_proposed,
    ObjectiveAdded: _describe_added,
    ObjectiveRejected: _describe_rejected,
    ObjectivePlanned: _describe_planned,
    ObjectiveApproved: _describe_approved,
    ObjectiveFinished: _describe_finished,
}
