"""How does the swarm stand, and how did it come to that: the page Now, and the strip below every
page."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool

from mission_control.api.parameters import Moment
from mission_control.mission import TheMission
from operations.queries.pulses import last_pulse_of
from operations.queries.recently import recently
from operations.queries.summary import Summary, summary
from operations.queries.timeline import Timeline, timeline

router = APIRouter(prefix="/api")

SECONDS = 5.0
"""Who looks at the page does not wait longer for what only ClickHouse knows."""


@router.get("/summary")
async def show_summary(mission: TheMission) -> Summary:
    """What runs, what is stuck, what it costs; who does what, and what waits for a person. Without
    ClickHouse it is answered, too: `left_out` says what is missing."""
    now = await mission.swarm.now()
    incidents = await mission.incidents.known(now.log)
    pulse = await last_pulse_of(mission.bus)
    record = replace(mission.record, seconds=SECONDS)
    return summary(
        now.overseen,
        as_of=now.as_of,
        at=now.at,
        incidents=list(incidents.incidents.values()),
        pulse=pulse,
        recently=await run_in_threadpool(recently, record, now.at),
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
