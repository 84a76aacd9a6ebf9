"""How does the swarm stand, and how did it come to that: the page Now, and the strip below every
page."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool

from mission_control.api.parameters import Moment
from mission_control.api.then import is_now, swarm_at
from mission_control.mission import Mission, TheMission
from operations.queries.pulses import last_pulse_of
from operations.queries.recently import recently
from operations.queries.record import Record
from operations.queries.summary import Summary, summary
from operations.queries.timeline import Timeline, timeline
from operations.queries.trends import pulse_before

router = APIRouter(prefix="/api")

SECONDS = 5.0
"""Who looks at the page does not wait longer for what only ClickHouse knows."""


@router.get("/summary")
async def show_summary(mission: TheMission, at: Moment = "") -> Summary:
    """What runs, what is stuck, what it costs; who does what, and what waits for a person; now or
    at a moment. Without ClickHouse it is answered, too: `left_out` says what is missing."""
    record = replace(mission.record, seconds=SECONDS)
    if not is_now(at):
        return await _summary_at(mission, record, at)
    now = await mission.swarm.now()
    incidents = await mission.incidents.known(now.log)
    pulse = await last_pulse_of(mission.bus)
    return summary(
        now.overseen,
        as_of=now.as_of,
        at=now.at,
        incidents=list(incidents.incidents.values()),
        pulse=pulse,
        recently=await run_in_threadpool(recently, record, now.at),
    )


async def _summary_at(mission: Mission, record: Record, at: str) -> Summary:
    then = await swarm_at(mission, at)
    incidents = await mission.incidents.at(then.as_of)
    known = await run_in_threadpool(recently, record, then.at)
    return summary(
        then.overseen,
        as_of=then.as_of,
        at=then.at,
        incidents=list(incidents.incidents.values()),
        pulse=await run_in_threadpool(pulse_before, record, then.at),
        recently=replace(known, recorded=None),
    )


@router.get("/timeline")
def show_timeline(
    mission: TheMission,
    begin: Annotated[Moment, Query(alias="from")] = "",
    end: Annotated[Moment, Query(alias="to")] = "",
    buckets: Annotated[int, Query(ge=1, le=5_000)] = 400,
) -> Timeline:
    """From where the record begins to where it ends, unless told otherwise: how many events,
    decisions and failures each stretch of time has, what it cost, and what stands out."""
    return timeline(mission.record, begin=begin, end=end, buckets=buckets)
