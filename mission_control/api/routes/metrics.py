"""How well does it go, in numbers that a pager goes by?"""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from mission_control.mission import TheMission
from nervous_system.errors import NotRunning, QueryRefused
from operations.queries.burn_rates import BurnRate, burn_rates
from operations.queries.incidents import PastIncident
from operations.queries.pulses import Indicator, last_pulse_of
from operations.queries.recently import HOUR, Alarm, alarms
from operations.queries.record import Record

router = APIRouter(prefix="/metrics")


class MetricsSummary(BaseModel):
    """At one position of the log."""

    alarms: list[Alarm] = Field(description="of the last hour, each name once")
    incidents: list[PastIncident] = Field(description="that are open, the last first")
    indicators: list[Indicator]
    burn_rates: list[BurnRate]
    left_out: list[str] = Field(description="what could not be known, and why")
    as_of: int


@router.get("/summary")
async def show_metrics(mission: TheMission) -> MetricsSummary:
    """Alarms and incidents that are active, indicators with their targets, burn rates. Without
    ClickHouse it is answered, too: `left_out` says what is missing."""
    log = await mission.bus.stream.state()
    known = await mission.incidents.known(log)
    pulse = await last_pulse_of(mission.bus)
    indicators = pulse.indicators if pulse else []
    told, rates, left_out = await run_in_threadpool(
        _of_record, mission.record, indicators, mission.bus.clock()
    )
    return MetricsSummary(
        alarms=told,
        incidents=[each for each in reversed(known.incidents.values()) if each.closed_at is None],
        indicators=indicators,
        burn_rates=rates,
        left_out=left_out,
        as_of=log.last_sequence,
    )


def _of_record(
    record: Record, indicators: list[Indicator], now: datetime
) -> tuple[list[Alarm], list[BurnRate], list[str]]:
    try:
        found = alarms(record, since=now - HOUR, until=now + timedelta(microseconds=1))
        return found, burn_rates(record, indicators, now), []
    except (NotRunning, QueryRefused) as error:
        return [], [], [f"alarms and burn rates: {error}"]
