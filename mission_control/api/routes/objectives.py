"""Objectives: which there are, what became of each, and why it waits."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from mission_control.api.parameters import Limit, Moment
from mission_control.api.precondition import etag
from mission_control.api.then import Then, is_now, swarm_at
from mission_control.mission import Mission, TheMission
from nervous_system.errors import NoSuch
from operations.queries.aggregate_position import position_of
from operations.queries.objectives import (
    KnownObjective,
    ObjectiveHistory,
    objectives_in_order,
)

router = APIRouter(prefix="/api/objectives")


class ObjectiveList(BaseModel):
    """Those that are open, the most urgent first, then those that ended, the last first."""

    objectives: list[KnownObjective]
    left_out: int = Field(description="how many more there are")
    as_of: int


class ObjectiveAnswer(BaseModel):
    """One of them with its tasks."""

    objective: KnownObjective
    as_of: int


@router.get("")
async def list_objectives(
    mission: TheMission, open_only: bool = False, at: Moment = "", limit: Limit = 100
) -> ObjectiveList:
    """As far as the log tells of them; now or at a moment."""
    then, known = await _known(mission, at)
    found = objectives_in_order(known.objectives.values(), then.overseen, then.at)
    wanted = [each for each in found if each.is_open or not open_only]
    return ObjectiveList(
        objectives=wanted[:limit], left_out=max(0, len(wanted) - limit), as_of=then.as_of
    )


@router.get("/{objective_id:path}")
async def show(
    objective_id: Annotated[str, Path(max_length=1_000)],
    mission: TheMission,
    response: Response,
    at: Moment = "",
) -> ObjectiveAnswer:
    """Its plan, its tasks, who approved it or called it off, and how it ended; now or at a
    moment."""
    # First: what comes meanwhile is more than was promised.
    position = await position_of(mission.bus, "objective", objective_id)
    then, known = await _known(mission, at)
    if (found := known.objectives.get(objective_id)) is None:
        raise NoSuch(f"the log tells of no objective {objective_id}")
    (stands,) = objectives_in_order([found], then.overseen, then.at)
    if is_now(at):
        response.headers["ETag"] = etag(position)
    return ObjectiveAnswer(objective=stands, as_of=then.as_of)


async def _known(mission: Mission, at: str) -> tuple[Then, ObjectiveHistory]:
    then = await swarm_at(mission, at)
    if is_now(at):
        return then, await mission.objectives.known(await mission.bus.stream.state())
    return then, await mission.objectives.at(then.as_of)
