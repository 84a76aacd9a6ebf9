"""Workers: who is there, who takes nothing and why; and a door for those that speak no NATS."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from mission_control.api.idempotency import EventId
from mission_control.api.precondition import etag
from mission_control.mission import TheCaller, TheMission
from nervous_system.errors import NoSuch
from operations.actions.remote_worker import RemoteWorker
from operations.queries.aggregate_position import position_of
from operations.queries.workers import KnownWorker, workers_of

router = APIRouter(prefix="/workers")

WorkerId = Annotated[str, Path(max_length=1_000)]


class NewWorker(BaseModel):
    """Who offers itself. It is to be heard of as often as it says, or its leases run out."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    worker_id: str | None = Field(None, min_length=1, max_length=1_000)
    skills: list[str] = Field(default_factory=list, max_length=1_000)
    actions: list[str] = Field(default_factory=list, max_length=1_000)
    max_concurrent_tasks: int | None = Field(None, ge=1, le=10_000)
    host: str = Field("", max_length=1_000)
    heartbeat_seconds: float | None = Field(None, gt=0, le=3600)


class Heard(BaseModel):
    """What was said of a worker is on disk at this position."""

    worker_id: str
    as_of: int


class Heartbeat(BaseModel):
    """How it is."""

    model_config = ConfigDict(extra="forbid")

    draining: bool = Field(False, description="it ends what it has, and takes nothing new")


class WorkerList(BaseModel):
    """All that registered and have not left, in the order of their ids."""

    workers: list[KnownWorker]
    as_of: int


class WorkerAnswer(BaseModel):
    """One worker."""

    worker: KnownWorker
    as_of: int


@router.post("", status_code=HTTPStatus.CREATED)
async def register(
    given: NewWorker, mission: TheMission, caller: TheCaller, event_id: EventId
) -> Heard:
    """Offer a worker. What one of this name held before is released."""
    usual = {
        "max_concurrent_tasks": mission.settings.max_concurrent_tasks,
        "heartbeat_seconds": mission.settings.heartbeat_seconds,
    }
    offered = {**usual, **given.model_dump(exclude={"worker_id"}, exclude_none=True)}
    worker_id = given.worker_id or f"worker-{event_id[:13]}"
    worker = RemoteWorker(
        bus=mission.bus, worker_id=worker_id, person=caller.name, request_id=event_id
    )
    return Heard(worker_id=worker_id, as_of=await worker.register(**offered))


@router.post("/{worker_id:path}/heartbeat")
async def heartbeat(
    worker_id: WorkerId,
    mission: TheMission,
    caller: TheCaller,
    event_id: EventId,
    given: Heartbeat | None = None,
) -> Heard:
    """It lives: its leases begin anew."""
    worker = RemoteWorker(
        bus=mission.bus, worker_id=worker_id, person=caller.name, request_id=event_id
    )
    is_draining = given is not None and given.draining
    as_of = await worker.heartbeat(await mission.swarm.now(), draining=is_draining)
    return Heard(worker_id=worker_id, as_of=as_of)


@router.get("")
async def list_workers(mission: TheMission) -> WorkerList:
    """Who does tasks."""
    now = await mission.swarm.now()
    return WorkerList(workers=workers_of(now.overseen, now.at), as_of=now.as_of)


@router.get("/{worker_id:path}")
async def show(worker_id: WorkerId, mission: TheMission, response: Response) -> WorkerAnswer:
    """One of them."""
    position = await position_of(mission.bus, "worker", worker_id)  # before: it may only be too old
    now = await mission.swarm.now()
    for each in workers_of(now.overseen, now.at):
        if each.worker_id == worker_id:
            response.headers["ETag"] = etag(position)
            return WorkerAnswer(worker=each, as_of=now.as_of)
    raise NoSuch(f"no worker {worker_id} is there")
