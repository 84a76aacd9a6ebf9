"""A worker rests, and goes on."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path
from pydantic import Field

from mission_control.api.act import Acted, Because, TheAct
from nervous_system.contract.command import MAX_SECONDS
from operations.actions.worker_rest import (
    require_worker,
    rest,
    rests_of,
    wake,
    would_rest,
    would_wake,
)

router = APIRouter(prefix="/api/workers")

WorkerId = Annotated[str, Path(max_length=1_000)]
USUAL_SECONDS: Final = 3600.0


class Pause(Because):
    """For how long."""

    seconds: float = Field(USUAL_SECONDS, gt=0, le=MAX_SECONDS.total_seconds())


@router.post("/{worker_id:path}/pause")
async def pause(worker_id: WorkerId, act: TheAct, given: Pause | None = None) -> Acted:
    """Have it take nothing for a while. What it does pauses at its next report of progress, and
    keeps its lease."""
    given = given or Pause()
    command = rest(worker_id, reason=given.reason, for_seconds=given.seconds)
    require_worker(await act.now(), worker_id)
    async with act.turn("worker", worker_id):
        return await act.say(command, would_rest, "worker", worker_id)


@router.post("/{worker_id:path}/resume")
async def resume(worker_id: WorkerId, act: TheAct, given: Because | None = None) -> Acted:
    """End what persons told it to rest. What the governor or the guardian told it holds."""
    require_worker(await act.now(), worker_id)
    async with act.turn("worker", worker_id):
        now = await act.now()
        rests = await rests_of(act.mission.bus, now, worker_id)
        if act.dry_run:
            return act.answer_dry_run(now, would_wake(now, worker_id, rests))
        reason = given.reason if given is not None else ""
        await wake(
            act.mission.bus,
            worker_id,
            rests,
            reason=reason,
            person=act.person,
            event_id=act.event_id,
        )
        return await act.done("worker", worker_id)
