"""Incidents: what went wrong, what was done about it, and is it over?"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from mission_control.api.parameters import Limit, Moment
from mission_control.api.then import is_now
from mission_control.mission import Mission, TheMission
from nervous_system.errors import NoSuch
from operations.queries.incidents import IncidentHistory, PastIncident
from operations.queries.state.moment import moment_of

router = APIRouter(prefix="/api/incidents")


class IncidentList(BaseModel):
    """Those that the log still tells of, the last first."""

    incidents: list[PastIncident]
    left_out: int = Field(description="how many more there are")
    as_of: int


class IncidentAnswer(BaseModel):
    """One of them with its timeline."""

    incident: PastIncident
    as_of: int


@router.get("")
async def list_incidents(
    mission: TheMission,
    status: Literal["all", "open", "closed"] = "all",
    at: Moment = "",
    limit: Limit = 100,
) -> IncidentList:
    """Those that are open, or over, or all; now or at a moment."""
    known, as_of = await _known(mission, at)
    found = [
        each
        for each in reversed(known.incidents.values())
        if status == "all" or (status == "open") == (each.closed_at is None)
    ]
    return IncidentList(
        incidents=found[:limit],
        left_out=max(0, len(found) - limit),
        as_of=as_of,
    )


@router.get("/{incident_id:path}")
async def show(
    incident_id: Annotated[str, Path(max_length=1_000)], mission: TheMission, at: Moment = ""
) -> IncidentAnswer:
    """What was seen, what was tried, and when."""
    known, as_of = await _known(mission, at)
    if (found := known.incidents.get(incident_id)) is None:
        raise NoSuch(f"the log tells of no incident {incident_id}")
    return IncidentAnswer(incident=found, as_of=as_of)


async def _known(mission: Mission, at: str) -> tuple[IncidentHistory, int]:
    if is_now(at):
        log = await mission.bus.stream.state()
        return await mission.incidents.known(log), log.last_sequence
    position = (await moment_of(mission.bus, at)).position
    return await mission.incidents.at(position), position
