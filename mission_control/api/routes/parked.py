"""Positions that could not be read as events."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from mission_control.api.pages import cursor_behind, place_behind
from mission_control.api.parameters import Cursor, Limit
from mission_control.mission import TheMission
from operations.queries.parked import ParkedPosition, parked

router = APIRouter(prefix="/api/parked")


class ParkedPageAnswer(BaseModel):
    """Some of them, the last first."""

    parked: list[ParkedPosition]
    next_cursor: str | None
    as_of: int


@router.get("")
def list_parked(mission: TheMission, limit: Limit = 100, cursor: Cursor = "") -> ParkedPageAnswer:
    """Where, why, and how their bytes begin."""
    found = parked(mission.record, before=place_behind(cursor, of="parked"), limit=limit)
    more = cursor_behind(found.last, of="parked")
    return ParkedPageAnswer(parked=found.parked, next_cursor=more, as_of=found.as_of)
