"""The surface that agents of stations know: an objective, a task, how it goes, the rules, a report,
a heartbeat."""

from __future__ import annotations

import json
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from mission_control.api.idempotency import EventId
from mission_control.mission import TheCaller, TheMission
from nervous_system.contract.words import TaskOutcome
from operations.actions.objectives import submit_objective
from operations.actions.remote_worker import RemoteWorker, grant_document
from operations.queries.counts import count_tasks
from operations.queries.station_report import Report, report_of

router = APIRouter()

UNDER_WAY: Final = "in_progress"


class NewObjective(BaseModel):
    """What is to be achieved."""

    model_config = ConfigDict(allow_inf_nan=False)

    description: str = Field(min_length=1)
    priority: int | None = Field(None, ge=0, le=10, description="higher first; 5")
    metadata: dict[str, Any] = Field(default_factory=dict)
    objective_id: str | None = Field(None, min_length=1, max_length=1_000)


class SubmittedObjective(BaseModel):
    """An objective that the log has."""

    objective_id: str
    as_of: int
    waits: str = Field(description="why it is not being done; empty if nothing keeps it")


class Progress(BaseModel):
    """How a task goes."""

    model_config = ConfigDict(allow_inf_nan=False)

    task_id: str = Field(max_length=1_000)
    status: Literal["in_progress"] | TaskOutcome
    agent_id: str = Field(min_length=1, max_length=1_000)
    notes: str = ""
    payload: dict[str, Any] | str | None = Field(None, description="what came of it")


class TakenProgress(BaseModel):
    """What was said of a task is on disk."""

    task_id: str
    status: str
    as_of: int


class ClaimOfTask(BaseModel):
    """Who wants something to do."""

    agent_id: str = Field(min_length=1, max_length=1_000)
    skills: list[str] = Field(default_factory=list, max_length=1_000)
    actions: list[str] = Field(default_factory=list, max_length=1_000)


class ClaimedTask(BaseModel):
    """What it got; `task` is null if there is nothing for it."""

    task: dict[str, Any] | None
    as_of: int


class PolicyAnswer(BaseModel):
    """The policy in force."""

    policy: dict[str, Any]
    policy_hash: str
    as_of: int


class Confirmation(BaseModel):
    """The charter holds, and this is the time."""

    charter_hash: str = Field(description="empty: the overseer has none yet")
    mode: str
    time: datetime = Field(description="UTC")
    as_of: int


@router.post("/objective", status_code=HTTPStatus.CREATED)
async def objective(
    given: NewObjective, mission: TheMission, caller: TheCaller, event_id: EventId
) -> SubmittedObjective:
    """Add an objective. It is on disk, and planned, when this is answered."""
    objective_id = await submit_objective(
        mission.bus,
        given.description,
        objective_id=given.objective_id or "",
        priority=given.priority,
        metadata=given.metadata,
        person=caller.name,
        event_id=event_id,
    )
    now = await mission.swarm.now()
    _, waits = now.standstill.of_objective(objective_id)
    return SubmittedObjective(objective_id=objective_id, as_of=now.as_of, waits=waits)


@router.post("/claim")
async def claim(
    given: ClaimOfTask, mission: TheMission, caller: TheCaller, event_id: EventId
) -> ClaimedTask:
    """The best task there is for an agent; it is in progress from then on, for as long as its
    lease. A stranger is registered first."""
    worker = RemoteWorker(
        bus=mission.bus, worker_id=given.agent_id, person=caller.name, request_id=event_id
    )
    now = await mission.swarm.now()
    grant = await worker.claim(now, skills=given.skills, actions=given.actions)
    now = await mission.swarm.now()
    return ClaimedTask(task=grant_document(grant) if grant is not None else None, as_of=now.as_of)


@router.post("/status")
async def status(
    given: Progress, mission: TheMission, caller: TheCaller, event_id: EventId
) -> TakenProgress:
    """How a task goes, by who has it: its lease begins anew, or it has ended."""
    worker = RemoteWorker(
        bus=mission.bus, worker_id=given.agent_id, person=caller.name, request_id=event_id
    )
    now = await mission.swarm.now()
    if given.status == UNDER_WAY:
        await worker.report_progress(now, given.task_id, note=given.notes)
    else:
        output = given.payload if isinstance(given.payload, str) else _text(given.payload)
        await worker.report_result(
            now, given.task_id, given.status, output=output, notes=given.notes
        )
    now = await mission.swarm.now()
    return TakenProgress(task_id=given.task_id, status=given.status, as_of=now.as_of)


@router.get("/policy")
async def policy(mission: TheMission) -> PolicyAnswer:
    """The rules that hold now."""
    now = await mission.swarm.now()
    return PolicyAnswer(
        policy=now.state.policy.model_dump(mode="json"),
        policy_hash=now.state.policy_hash,
        as_of=now.as_of,
    )


@router.get("/report")
async def report(mission: TheMission) -> Report:
    """What waits, what the machines bear, how well tasks ended, whether the rules are kept."""
    now = await mission.swarm.now()
    return await report_of(mission.bus, now, tasks=count_tasks(now.state, now.at))


@router.get("/heartbeat")
async def heartbeat(mission: TheMission) -> Confirmation:
    """By which charter the swarm lives, and what time it is."""
    now = await mission.swarm.now()
    return Confirmation(
        charter_hash=now.state.charter_hash, mode=now.state.mode, time=now.at, as_of=now.as_of
    )


def _text(payload: dict[str, Any] | None) -> str:
    return "" if payload is None else json.dumps(payload, ensure_ascii=False)
