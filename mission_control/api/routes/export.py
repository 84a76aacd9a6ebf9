"""What happened, to take away: one zip file; and a trace for Perfetto or Chrome."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from mission_control.api.parameters import Moment
from mission_control.api.problem import Problem
from mission_control.mission import TheCaller, TheMission
from operations.queries.export import Export
from operations.queries.perfetto import perfetto

router = APIRouter(prefix="/api")

From = Annotated[Moment, Query(alias="from")]
To = Annotated[Moment, Query(alias="to")]
ZIP = "application/zip"


@router.get("/export", response_class=StreamingResponse, responses={200: {"content": {ZIP: {}}}})
def show_export(
    mission: TheMission, caller: TheCaller, begin: From = "", end: To = ""
) -> StreamingResponse:
    """Events of a stretch of the log, the ends of the services' logs, versions, and settings
    without secrets. Services' logs are an operator's matter."""
    if not caller.may("operator"):
        raise Problem(HTTPStatus.FORBIDDEN, "an export holds services' logs: it is for operators")
    found = Export.between(mission.record, begin=begin, end=end, logs=mission.logs)
    return StreamingResponse(found.pieces(), media_type=ZIP, headers=_as_file("ganglion.zip"))


@router.get(
    "/perfetto",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/json": {}}}},
)
def show_perfetto(mission: TheMission, begin: From = "", end: To = "") -> StreamingResponse:
    """A stretch of the log in the format of Chrome's traces: each agent a thread, each event an
    instant, each attempt at a task a slice. At most 100,000 positions; without `from` the last."""
    found = perfetto(mission.record, begin=begin, end=end)
    return StreamingResponse(
        found, media_type="application/json", headers=_as_file("ganglion-trace.json")
    )


def _as_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
