"""What persons decide over tasks and objectives."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field

from enchanted.events.v1.objective_pb2 import ObjectiveApproved
from mission_control.api.act import Act, Acted, Because, TheAct
from mission_control.api.routes.station import NewObjective
from nervous_system.client.proposing import USUAL_PRIORITY, objective
from operations.actions.objectives import submit_objective
from operations.actions.person_orders import (
    cancel_objective,
    cancel_task,
    deny_objective,
    require_objective,
    retry_task,
)
from operations.queries.order_dry_run import would_follow
from operations.queries.task_pages import require_task

router = APIRouter(prefix="/api")

Id = Annotated[str, Path(max_length=1_000)]


class Retry(Because):
    """How."""

    payload: dict[str, Any] | None = Field(None, description="to do it with instead")


class AddedObjective(Acted):
    """An objective that the log has, or would have."""

    objective_id: str
    waits: str = Field("", description="why it is not being done; empty if nothing keeps it")


@router.post("/tasks/{task_id:path}/cancel")
async def cancel(task_id: Id, act: TheAct, given: Because | None = None) -> Acted:
    """Cancel a task; whoever does it is told. 409 if it has ended otherwise."""
    require_task(await act.now(), task_id)
    return await act.give(cancel_task(task_id, reason=_why(given)), "task", task_id)


@router.post("/tasks/{task_id:path}/retry")
async def retry(task_id: Id, act: TheAct, given: Retry | None = None) -> Acted:
    """Try a task again that failed or was set aside, with what was cancelled for want of it."""
    require_task(await act.now(), task_id)
    payload = given.payload if given is not None else None
    order = retry_task(task_id, reason=_why(given), payload=payload)
    return await act.give(order, "task", task_id)


@router.post("/objectives", status_code=HTTPStatus.CREATED)
async def add(given: NewObjective, act: TheAct) -> AddedObjective:
    """Add an objective. It is on disk, and planned, when this is answered."""
    if act.dry_run:
        return await _dry_run(given, act)
    objective_id = await submit_objective(
        act.mission.bus,
        given.description,
        objective_id=given.objective_id or "",
        priority=given.priority,
        metadata=given.metadata,
        person=act.person,
        event_id=act.event_id,
    )
    done = await act.done("objective", objective_id)
    _, waits = (await act.now()).standstill.of_objective(objective_id)
    return AddedObjective(**done.model_dump(), objective_id=objective_id, waits=waits)


async def _dry_run(given: NewObjective, act: Act) -> AddedObjective:
    objective_id = given.objective_id or f"objective-{act.event_id[:13]}"
    proposal = objective(
        given.description,
        objective_id=objective_id,
        priority=USUAL_PRIORITY if given.priority is None else given.priority,
        metadata=given.metadata,
        source=act.person,
    )
    now = await act.now()
    would = would_follow(now, proposal, person=act.person)
    return AddedObjective(**act.answer_dry_run(now, would).model_dump(), objective_id=objective_id)


@router.post("/objectives/{objective_id:path}/approve")
async def approve(objective_id: Id, act: TheAct, given: Because | None = None) -> Acted:
    """Yes, to a plan that waits for a person."""
    require_objective(await act.now(), objective_id)
    order = ObjectiveApproved(objective_id=objective_id, reason=_why(given))
    return await act.give(order, "objective", objective_id)


@router.post("/objectives/{objective_id:path}/deny")
async def deny(objective_id: Id, act: TheAct, given: Because | None = None) -> Acted:
    """No, to a plan that waits for a person. 409 if it does not wait."""
    order = deny_objective(await act.now(), objective_id, reason=_why(given))
    return await act.give(order, "objective", objective_id)


@router.post("/objectives/{objective_id:path}/cancel")
async def call_off(objective_id: Id, act: TheAct, given: Because | None = None) -> Acted:
    """Cancel an objective with all its tasks."""
    order = cancel_objective(await act.now(), objective_id, reason=_why(given))
    return await act.give(order, "objective", objective_id)


def _why(given: Because | None) -> str:
    return given.reason if given is not None else ""
