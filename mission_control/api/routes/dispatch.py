"""Whether tasks are handed out: halt, and resume."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from enchanted.events.v1.pulse_pb2 import HaltLifted, HaltOrdered
from mission_control.api.act import Acted, Because, TheAct
from nervous_system.contract.command import MAX_SECONDS
from operations.queries.order_dry_run import would_halt, would_resume

router = APIRouter()


class Halt(Because):
    """How."""

    now: bool = Field(False, description="what is being done is ended, too, and waits again")


class Resume(Because):
    """How."""

    seconds: float = Field(
        0.0,
        ge=0,
        le=MAX_SECONDS.total_seconds(),
        description="so long the limits of CPU and memory hold nothing back; 0: they count",
    )


@router.post("/api/halt")
async def halt(act: TheAct, given: Halt | None = None) -> Acted:
    """Hand out nothing until somebody resumes."""
    given = given or Halt()
    order = HaltOrdered(reason=given.reason, now=given.now)
    return await act.say(order, would_halt)


@router.post("/api/resume")
async def resume(act: TheAct, given: Resume | None = None) -> Acted:
    """Lift a halt, and the holds of incidents' playbooks."""
    given = given or Resume()
    order = HaltLifted(reason=given.reason, override_seconds=given.seconds)
    return await act.say(order, would_resume)
