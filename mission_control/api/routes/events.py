"""Events: what was recorded, and a door for agents that speak no Protobuf."""

from __future__ import annotations

import re
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import AwareDatetime, BaseModel

from mission_control.api.cursor import cursor_after, read_cursor
from mission_control.api.idempotency import EventId
from mission_control.api.problem import Problem
from mission_control.mission import TheCaller, TheMission
from operations.actions.event_door import OnRecord, record_events
from operations.queries.event_search import EARLIEST, LATEST, Search, find_events

router = APIRouter()

Id = Annotated[str, Query(max_length=1_000)]
Limit = Annotated[int, Query(ge=1, le=1_000)]
Cursor = Annotated[str, Query(max_length=2_000)]
Moment = Annotated[AwareDatetime, Query()]


class EventPage(BaseModel):
    """Events, the last recorded first."""

    events: list[dict[str, Any]]
    next_cursor: str | None
    as_of: int


class Recorded(BaseModel):
    """Events that are on disk, in the order in which they were sent."""

    events: list[OnRecord]
    as_of: int


@router.post("/api/events", status_code=HTTPStatus.CREATED)
async def record(
    given: Annotated[
        dict[str, Any] | list[dict[str, Any]],
        Body(description="a SwarmEvent in proto3 JSON, or a list of them"),
    ],
    mission: TheMission,
    caller: TheCaller,
    event_id: EventId,
) -> Recorded:
    """Put one event on record, or up to 1,000: all of them or, if one is refused, none."""
    documents = given if isinstance(given, list) else [given]
    done = await record_events(mission.bus, documents, person=caller.name, request_id=event_id)
    return Recorded(events=done, as_of=max(each.sequence for each in done))


@router.get("/api/events")
def search(
    mission: TheMission,
    id: Id = "",
    trace: Id = "",
    agent: Id = "",
    kind: Id = "",
    resource: Id = "",
    since: Moment = EARLIEST,
    until: Moment = LATEST,
    limit: Limit = 100,
    cursor: Cursor = "",
) -> EventPage:
    """By id, trace, agent, kind, resource and time; as far as ClickHouse has the log."""
    wanted = Search(
        event_id=id,
        trace_id=trace,
        agent_id=agent,
        kind=kind,
        resource=resource,
        since=_within(since),
        until=_within(until),
    )
    return _page(mission.clickhouse_url, wanted, limit=limit, cursor=cursor)


@router.get("/system/audit")
def audit(
    mission: TheMission, event_type: Id = "", limit: Limit = 100, cursor: Cursor = ""
) -> EventPage:
    """Everything that was said, the last first; `event_type` is the kind of its payload."""
    return _page(mission.clickhouse_url, Search(kind=event_type), limit=limit, cursor=cursor)


def _page(clickhouse_url: str, wanted: Search, *, limit: int, cursor: str) -> EventPage:
    before = _place(str(read_cursor(cursor, of="events", log_created=""))) if cursor else (0, 0)
    found = find_events(clickhouse_url, wanted, before=before, limit=limit)
    last = "{}.{}".format(*found.last) if found.last else ""
    more = cursor_after(last, of="events", log_created="") if last else None
    return EventPage(events=found.events, next_cursor=more, as_of=found.as_of)


def _place(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{1,9})\.([0-9]{1,18})", text)
    if found is None:
        raise Problem(HTTPStatus.BAD_REQUEST, "that is no cursor of events: begin without one")
    return int(found[1]), int(found[2])


def _within(moment: datetime) -> datetime:
    """The same, or the nearest that a row can have."""
    return min(max(moment, EARLIEST), LATEST)
