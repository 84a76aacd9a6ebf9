"""How it went: pulses, machines, indicators, over time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from mission_control.api.pages import cursor_behind, place_behind
from mission_control.api.parameters import Cursor, Id, Limit, Time
from mission_control.mission import Mission, TheMission
from operations.queries.pulses import Indicator, PulseReport, last_pulse_of
from operations.queries.record import EARLIEST, LATEST
from operations.queries.trends import TRENDS, Capacity, Trend, capacity, pulses, trend

router = APIRouter(prefix="/api")

DAY = timedelta(hours=24)
Points = Annotated[int, Query(ge=1, le=2_000)]
Since = Annotated[Time | None, Query(description="a day before `until`")]
Until = Annotated[Time | None, Query(description="now")]


class PulsePageAnswer(BaseModel):
    """Pulses, the last first."""

    pulses: list[PulseReport]
    next_cursor: str | None
    as_of: int


class IndicatorsAnswer(BaseModel):
    """The key indicators as the last pulse measured them; none before the first."""

    indicators: list[Indicator]
    measured_at: datetime | None
    as_of: int


class TrendNames(BaseModel):
    """What `name` can be."""

    names: list[str]
    as_of: int


@router.get("/pulses")
def list_pulses(
    mission: TheMission,
    since: Time = EARLIEST,
    until: Time = LATEST,
    limit: Limit = 100,
    cursor: Cursor = "",
) -> PulsePageAnswer:
    """Each round of reflect, plan, act and critique, with what it found."""
    before = place_behind(cursor, of="pulses")
    found = pulses(mission.record, since=since, until=until, before=before, limit=limit)
    more = cursor_behind(found.last, of="pulses")
    return PulsePageAnswer(pulses=found.pulses, next_cursor=more, as_of=found.as_of)


@router.get("/capacity")
def show_capacity(
    mission: TheMission, since: Since = None, until: Until = None, points: Points = 300
) -> Capacity:
    """What each machine had and used."""
    begin, end = _between(mission, since, until)
    return capacity(mission.record, since=begin, until=end, points=points)


@router.get("/indicators")
async def show_indicators(mission: TheMission) -> IndicatorsAnswer:
    """The key indicators with their targets, as the log has them."""
    log = await mission.bus.stream.state()
    pulse = await last_pulse_of(mission.bus)
    return IndicatorsAnswer(
        indicators=pulse.indicators if pulse else [],
        measured_at=pulse.recorded_at if pulse else None,
        as_of=log.last_sequence,
    )


@router.get("/trends/names")
def list_trends(mission: TheMission) -> TrendNames:
    """What a pulse measures."""
    return TrendNames(names=list(TRENDS), as_of=mission.record.as_of())


@router.get("/trends")
def show_trend(
    mission: TheMission,
    name: Id,
    since: Since = None,
    until: Until = None,
    points: Points = 300,
) -> Trend:
    """How one number of the pulses went."""
    begin, end = _between(mission, since, until)
    return trend(mission.record, name, since=begin, until=end, points=points)


def _between(
    mission: Mission, since: datetime | None, until: datetime | None
) -> tuple[datetime, datetime]:
    end = until or mission.bus.clock()
    begin = since or end - DAY
    return begin, max(end, begin + timedelta(microseconds=1))
