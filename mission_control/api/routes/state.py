"""The state of the swarm at any moment, whole, and what changed between two."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from mission_control.api.parameters import MAX_ROWS, Moment
from mission_control.api.swarm_state import BetweenAnswer, SwarmStateAnswer
from mission_control.mission import TheMission
from operations.queries.event_json import event_document
from operations.queries.state.moment import NOW

router = APIRouter()


@router.get("/api/state")
async def state(
    mission: TheMission, at: Moment = NOW, diff: Moment = ""
) -> SwarmStateAnswer | BetweenAnswer:
    """Mode, objectives, tasks, leases, workers, rules in force, incidents, machines; at a moment,
    or, if `diff` names another, what came, went and changed between the two, by which events."""
    if diff:
        return BetweenAnswer.model_validate(await _between(mission, at, diff))
    found = await mission.past.at(at)
    document = found.document(max_rows=MAX_ROWS)
    return SwarmStateAnswer.model_validate({**document, "as_of": document["position"]})


async def _between(mission: TheMission, one: str, other: str) -> dict[str, Any]:
    found = await mission.past.between(one, other)
    document = found.document(event_document, max_differences=MAX_ROWS)
    return {**document, "as_of": found.later.position}
