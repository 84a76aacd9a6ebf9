"""Tasks: add one, list them, look at one, cancel one."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, cast

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from mission_control.api.cursor import cursor_after, read_cursor
from mission_control.api.idempotency import EventId
from mission_control.api.precondition import IfMatch, etag
from mission_control.mission import TheCaller, TheMission
from nervous_system.client.proposing import TaskFields
from nervous_system.contract.words import Tier
from operations.actions.overseer_client import ask_as
from operations.actions.person_orders import cancel_task
from operations.actions.submission import submit_task
from operations.queries.aggregate_position import position_of
from operations.queries.task_pages import (
    known_task_row,
    page_of_tasks,
    require_task,
    steps_of_task,
)

router = APIRouter(prefix="/tasks")

TaskId = Annotated[str, Path(max_length=1_000)]


class NewTask(BaseModel):
    """What is to be done. All but the action can be left out."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    action: str = Field(description="what a worker knows how to do")
    id: str | None = Field(None, min_length=1, max_length=1_000)
    description: str | None = None
    payload: dict[str, Any] | None = Field(None, description="arguments of the action")
    priority: int | None = Field(None, ge=0, le=10, description="higher first; 5")
    after: list[str] | None = Field(None, description="tasks that must be completed before")
    skills: list[str] | None = Field(None, description="what its worker must be able to do")
    cpu_count: float | None = Field(None, ge=0)
    memory_bytes: int | None = Field(None, ge=0)
    ttl_seconds: float | None = Field(None, ge=0)
    attempt_seconds: float | None = Field(None, ge=0)
    max_attempts: int | None = Field(None, ge=1)
    max_losses: int | None = Field(None, ge=0)
    risk_tier: Tier | None = None


class SubmittedTask(BaseModel):
    """A task that the log has."""

    task_id: str
    status: str
    as_of: int
    waits: str = Field(description="why it is not being done; empty if nothing keeps it")


class TaskRow(BaseModel):
    """How one task stands."""

    model_config = ConfigDict(extra="allow")

    task_id: str
    objective_id: str
    action: str
    status: str
    worker_id: str
    attempts: int


class TaskPage(BaseModel):
    """Tasks in the order of their ids: whoever turns the pages misses none that is there."""

    tasks: list[TaskRow]
    next_cursor: str | None
    as_of: int


class TaskAnswer(BaseModel):
    """One task, and what became of it step by step."""

    task: TaskRow
    steps: list[dict[str, Any]]
    as_of: int


class CancelledTask(BaseModel):
    """A task that was called off."""

    task_id: str
    status: str
    as_of: int


@router.post("", status_code=HTTPStatus.CREATED)
async def submit(
    given: NewTask, mission: TheMission, caller: TheCaller, event_id: EventId
) -> SubmittedTask:
    """Add a task. It is on disk, and accepted by the overseer, when this is answered."""
    step = cast(TaskFields, given.model_dump(exclude_none=True))
    task_id = await submit_task(mission.bus, step, person=caller.name, event_id=event_id)
    now = await mission.swarm.now()
    row = known_task_row(now, task_id, event_id=event_id)
    return SubmittedTask(
        task_id=task_id, status=row["status"], as_of=now.as_of, waits=row.get("waits", "")
    )


@router.get("")
async def list_tasks(
    mission: TheMission,
    status: Annotated[str | None, Query(max_length=40)] = None,
    objective_id: Annotated[str | None, Query(max_length=1_000)] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    cursor: Annotated[str, Query(max_length=2_000)] = "",
) -> TaskPage:
    """Open tasks, and the last that ended."""
    now = await mission.swarm.now()
    created = now.log.created
    after = str(read_cursor(cursor, of="tasks", log_created=created)) if cursor else ""
    rows, last = page_of_tasks(now, status=status, objective=objective_id, after=after, limit=limit)
    more = cursor_after(last, of="tasks", log_created=created) if last else None
    return TaskPage(tasks=[TaskRow(**each) for each in rows], next_cursor=more, as_of=now.as_of)


@router.get("/{task_id:path}")
async def show(task_id: TaskId, mission: TheMission, response: Response) -> TaskAnswer:
    """One task with its steps, the first first."""
    position = await position_of(mission.bus, "task", task_id)  # before: it may only be too old
    now = await mission.swarm.now()
    row = known_task_row(now, task_id)
    steps = await steps_of_task(mission.bus, task_id)
    response.headers["ETag"] = etag(position)
    return TaskAnswer(task=TaskRow(**row), steps=steps, as_of=now.as_of)


@router.delete("/{task_id:path}")
async def cancel(
    task_id: TaskId,
    mission: TheMission,
    caller: TheCaller,
    event_id: EventId,
    reason: Annotated[str, Query(max_length=1_000)] = "",
    if_match: IfMatch = None,
) -> CancelledTask:
    """Cancel a task; whoever does it is told. 409 if it has ended otherwise."""
    require_task(await mission.swarm.now(), task_id)
    order = cancel_task(task_id, reason=reason)
    async with mission.preconditions.turn(
        mission.bus, "task", task_id, if_match=if_match, event_id=event_id
    ):
        await ask_as(caller.name, mission.bus, order, event_id=event_id)
    now = await mission.swarm.now()
    row = known_task_row(now, task_id)
    return CancelledTask(task_id=task_id, status=row["status"], as_of=now.as_of)
