"""Checkpoints: state what the swarm is, and go back to it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from mission_control.api.act import Acted, Because, TheAct
from mission_control.mission import TheMission
from operations.actions.checkpoint import MAX_NAME_CHARACTERS, make_checkpoint, would_make
from operations.actions.rollback import roll_back
from operations.queries.checkpoints import Checkpoint, checkpoints, known_checkpoint
from operations.queries.rollback_plan import plan_rollback

router = APIRouter(prefix="/system")


class NewCheckpoint(BaseModel):
    """What it is called."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=MAX_NAME_CHARACTERS, description="nobody else's")
    note: str = Field("", max_length=1_000)


class MadeCheckpoint(Acted):
    """A checkpoint that is on the log."""

    checkpoint: Checkpoint | None = Field(None, description="null with `dry_run`")


class CheckpointList(BaseModel):
    """All that are on the log, the last first."""

    checkpoints: list[Checkpoint]
    as_of: int


class Rollback(Because):
    """How."""

    leave: bool = Field(False, description="do the rest if some changes cannot be taken back")


class RolledBack(Acted):
    """What was done to go back, or would be."""

    checkpoint_id: str
    objective_id: str = Field("", description="that puts files back; empty if there are none")
    left: list[str] = Field(default_factory=list, description="what cannot be taken back, and why")


@router.post("/checkpoint", status_code=HTTPStatus.CREATED)
async def make(given: NewCheckpoint, act: TheAct) -> MadeCheckpoint:
    """State what the swarm is now: epoch, position and a hash of its state, signed."""
    now = await act.now()
    if act.dry_run:
        return MadeCheckpoint(**act.answer_dry_run(now, would_make(now, given.name)).model_dump())
    made = await make_checkpoint(
        act.mission.bus,
        now,
        act.mission.record,
        name=given.name,
        note=given.note,
        person=act.person,
        event_id=act.event_id,
    )
    return MadeCheckpoint(**(await act.done()).model_dump(), checkpoint=made)


@router.get("/checkpoints")
async def list_checkpoints(mission: TheMission) -> CheckpointList:
    """What was stated, by whom, and whether it is to be believed."""
    as_of = (await mission.bus.stream.state()).last_sequence
    return CheckpointList(checkpoints=await checkpoints(mission.bus), as_of=as_of)


@router.post("/rollback/{checkpoint_id:path}")
async def go_back(
    checkpoint_id: Annotated[str, Path(max_length=1_000, description="its id, or its name")],
    act: TheAct,
    given: Rollback | None = None,
) -> RolledBack:
    """Take back what the swarm did since: what was begun is called off, files are put back by
    changes of their own. 409, and nothing is done, if something cannot be taken back."""
    given = given or Rollback()
    bus, now = act.mission.bus, await act.now()
    checkpoint = await known_checkpoint(bus, checkpoint_id)
    plan = await plan_rollback(bus, now, checkpoint)
    if act.dry_run:
        return RolledBack(
            **act.answer_dry_run(now, plan.would()).model_dump(),
            checkpoint_id=checkpoint.checkpoint_id,
            left=list(plan.left),
        )
    objective_id = await roll_back(
        bus,
        plan,
        leave=given.leave,
        reason=given.reason,
        person=act.person,
        event_id=act.event_id,
    )
    return RolledBack(
        **(await act.done()).model_dump(),
        checkpoint_id=checkpoint.checkpoint_id,
        objective_id=objective_id,
        left=list(plan.left),
    )
