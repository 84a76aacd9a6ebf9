"""Workers: who is there, and who takes nothing, and why?"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from mission_control.mission import TheMission
from nervous_system.errors import NoSuch
from operations.queries.workers import KnownWorker, workers_of

router = APIRouter(prefix="/workers")

WorkerId = Annotated[str, Path(max_length=1_000)]


class WorkerList(BaseModel):
    """All that registered and have not left, in the order of their ids."""

    workers: list[KnownWorker]
    as_of: int


class WorkerAnswer(BaseModel):
    """One worker."""

    worker: KnownWorker
    as_of: int


@router.get("")
async def list_workers(mission: TheMission) -> WorkerList:
    """Who does tasks."""
    now = await mission.swarm.now()
    return WorkerList(workers=workers_of(now.overseen, now.at), as_of=now.as_of)


@router.get("/{worker_id:path}")
async def show(worker_id: WorkerId, mission: TheMission) -> WorkerAnswer:
    """One of them."""
    now = await mission.swarm.now()
    for each in workers_of(now.overseen, now.at):
        if each.worker_id == worker_id:
            return WorkerAnswer(worker=each, as_of=now.as_of)
    raise NoSuch(f"no worker {worker_id} is there")
