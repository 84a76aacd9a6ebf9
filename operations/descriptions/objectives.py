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
from nervous_system.phrases import because, counted, named


def _proposed(payload: ObjectiveProposed) -> str:
    source = f" by {payload.source}" if payload.source else ""
    history = " as history" if payload.history else ""
    what = f"{payload.objective_id} is proposed{source}{history}, priority {payload.priority}"
    return f"{what}{because(payload.description)}"


def _added(payload: ObjectiveAdded) -> str:
    history = " as history" if payload.history else ""
    what = f"{payload.objective_id} is taken on{history}, priority {payload.priority}"
    return f"{what}{because(payload.description)}"


def _rejected(payload: ObjectiveRejected) -> str:
    return f"{payload.objective_id} is refused{because('; '.join(payload.reasons))}"


def _planned(payload: ObjectivePlanned) -> str:
    tasks = counted(len(payload.task_ids), "task")
    waits = ", waits for approval" if payload.waits_for_approval else ""
    what = f"{payload.objective_id} becomes {tasks} by plan {payload.plan or 'without a name'}"
    return f"{what}{waits}{because(payload.rationale)}"


def _approved(payload: ObjectiveApproved) -> str:
    return f"{payload.objective_id} may go on{because(payload.reason)}"


def _finished(payload: ObjectiveFinished) -> str:
    result = named(ObjectiveResult, payload.result)
    return f"{payload.objective_id} ended as {result}{because(payload.summary)}"


OBJECTIVES: Final[dict[type[Payload], Callable[[Any], str]]] = {
    ObjectiveProposed: _proposed,
    ObjectiveAdded: _added,
    ObjectiveRejected: _rejected,
    ObjectivePlanned: _planned,
    ObjectiveApproved: _approved,
    ObjectiveFinished: _finished,
}
