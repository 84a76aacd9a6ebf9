"""Events: what was recorded, and a door for agents that speak no Protobuf."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from mission_control.api.idempotency import EventId
from mission_control.api.pages import cursor_behind, place_behind
from mission_control.api.parameters import Cursor, Id, Limit, Moment, Time
from mission_control.api.streams import known_kinds
from mission_control.mission import TheCaller, TheMission
from operations.actions.event_door import record_events
from operations.actions.on_record import OnRecord
from operations.queries.event_search import Search, find_events, one_event
from operations.queries.record import EARLIEST, LATEST, Record
from operations.queries.state.recorded_moment import recorded_moment

router = APIRouter()


class EventDocument(BaseModel):
    """An event. What it says is under the name of its `payload_kind`."""

    model_config = ConfigDict(extra="allow")

    epoch: int = Field(description="the life of the log; positions are counted anew in each")
    sequence: int = Field(description="its position in that life")
    subject: str
    recorded_at: datetime
    event_id: str = ""
    timestamp: datetime | None = None
    agent_role: str = ""
    agent_id: str = ""
    trace_id: str = ""
    span_id: str = ""
    causation_id: str = ""
    correlation_id: str = ""
    payload_kind: str | None = Field(description="null: it cannot be read; `unreadable` says why")
    sentence: str
    is_failure: bool


class EventPage(BaseModel):
    """Events, the last recorded first."""

    events: list[EventDocument]
    next_cursor: str | None
    as_of: int


class EventAnswer(BaseModel):
    """One event and its neighbours."""

    event: EventDocument
    cause: EventDocument | None = Field(description="what it names as its cause")
    effects: list[EventDocument] = Field(description="what names it as the cause, the first first")
    effects_left_out: bool = Field(description="whether there are more")
    cost_usd: float | None = Field(description="its own or that of its outcome; null: nobody said")
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
    role: Id = "",
    kind: Annotated[list[str] | None, Query(max_length=100)] = None,
    resource: Id = "",
    text: Annotated[str, Query(max_length=1_000, description="words, all of which it has")] = "",
    failed: bool = False,
    since: Time = EARLIEST,
    until: Time = LATEST,
    at: Moment = "",
    before: Moment = "",
    limit: Limit = 100,
    cursor: Cursor = "",
) -> EventPage:
    """By id, trace, agent, role, kinds, resource, time and words, over everything that was ever
    recorded, as far as ClickHouse has the log; up to a moment (`at`), or before one."""
    wanted = Search(
        event_id=id,
        trace_id=trace,
        agent_id=agent,
        agent_role=role,
        kinds=known_kinds(kind),
        resource=resource,
        failed=failed,
        text=text,
        since=since,
        until=until,
    )
    behind = (0, 0)
    if (at or before) and not cursor:
        place = recorded_moment(mission.record, at or before)
        behind = (place.epoch, place.position + 1 if at else place.position)
    return _page(mission.record, wanted, limit=limit, cursor=cursor, before=behind)


@router.get("/api/events/{event_id}")
def show(event_id: Annotated[str, Path(max_length=1_000)], mission: TheMission) -> EventAnswer:
    """One event with what led to it, what it led to, and what that cost."""
    return EventAnswer.model_validate(asdict(one_event(mission.record, event_id)))


@router.get("/system/audit")
def audit(
    mission: TheMission, event_type: Id = "", limit: Limit = 100, cursor: Cursor = ""
) -> EventPage:
    """Everything that was said, the last first; `event_type` is the kind of its payload."""
    kinds = (event_type,) if event_type else ()
    return _page(mission.record, Search(kinds=kinds), limit=limit, cursor=cursor)


def _page(
    record: Record,
    wanted: Search,
    *,
    limit: int,
    cursor: str,
    before: tuple[int, int] = (0, 0),
) -> EventPage:
    found = find_events(
        record, wanted, before=place_behind(cursor, of="events") if cursor else before, limit=limit
    )
    more = cursor_behind(found.last, of="events")
    return EventPage.model_validate(
        {"events": found.events, "next_cursor": more, "as_of": found.as_of}
    )
