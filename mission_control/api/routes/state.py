"""The state of the swarm, whole."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from mission_control.mission import TheMission
from operations.queries.state_document import state_document

router = APIRouter()


class State(BaseModel):
    """At one position of the log."""

    as_of: int
    state: dict[str, Any]


@router.get("/api/state")
async def state(mission: TheMission) -> State:
    """Mode, rules in force, objectives and tasks that are open, workers, machines; now."""
    now = await mission.swarm.now()
    return State(as_of=now.as_of, state=state_document(now))
