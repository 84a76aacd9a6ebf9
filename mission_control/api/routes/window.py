"""A stretch of the log as columns."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from mission_control.api.parameters import Moment
from mission_control.mission import TheMission
from operations.queries.window import MAX_POSITIONS, window

router = APIRouter(prefix="/api")

BINARY = "application/octet-stream"


@router.get(
    "/window",
    response_class=Response,
    responses={200: {"content": {BINARY: {}}, "description": "columns"}},
)
def show_window(
    mission: TheMission,
    begin: Annotated[Moment, Query(alias="from")] = "",
    end: Annotated[Moment, Query(alias="to")] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_POSITIONS)] = 10_000,
) -> Response:
    """Positions from one moment to another, a typed array each column: `GWC1`, the length of a JSON
    head, the head, and from the next multiple of 8 on the arrays that it describes. Without `from`
    the last `limit` positions before `to`; `next` in the head says where it goes on."""
    found = window(mission.record, begin=begin, end=end, limit=limit)
    return Response(found, media_type=BINARY)
