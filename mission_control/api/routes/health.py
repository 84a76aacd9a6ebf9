"""Is it well, and how much is there?"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from mission_control.mission import TheMission
from operations.queries.counts import count_tasks

router = APIRouter()


class Health(BaseModel):
    """Whether the log can be reached."""

    status: str = Field(description="ok; what is not is answered as a problem, 503")
    as_of: int = Field(description="the last position of the log")


class Stats(BaseModel):
    """How much there is, and what keeps it from going on."""

    as_of: int
    mode: str = Field(description="operational, degraded or halted")
    swarm: dict[str, Any] = Field(description="as `ganglion status --json` has it")
    tasks: dict[str, int] = Field(description="by state, the last that ended included")
    log: dict[str, Any] = Field(description="first and last position, events, bytes")


@router.get("/health")
async def health(mission: TheMission) -> Health:
    """Whether the log answers; 503 if it does not."""
    log = await mission.bus.stream.state()
    return Health(status="ok", as_of=log.last_sequence)


@router.get("/system/stats")
async def stats(mission: TheMission) -> Stats:
    """Workers, objectives, tasks by state, the log, and why nothing moves if nothing does."""
    now = await mission.swarm.now()
    return Stats(
        as_of=now.as_of,
        mode=now.state.mode,
        swarm=asdict(now.status),
        tasks=count_tasks(now.state, now.at),
        log=asdict(now.log),
    )
