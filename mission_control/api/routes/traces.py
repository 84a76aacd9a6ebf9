"""Traces: which there were, and what happened in one, span by span and event by event."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from mission_control.api.parameters import Limit, Time
from mission_control.api.routes.events import EventDocument
from mission_control.mission import TheMission
from operations.queries.record import LATEST
from operations.queries.trace.jaeger import jaeger_address, span_address
from operations.queries.trace.waterfall import SpanOfTrace, waterfall
from operations.queries.traces import TraceList, traces

router = APIRouter(prefix="/api/traces")

DAY = timedelta(hours=24)


class TraceNodeAnswer(BaseModel):
    """A span, or an event."""

    kind: Literal["span", "event"]
    id: str
    parent: int = Field(description="its place in the list; -1: it has none")
    depth: int
    name: str
    who: str
    started_at: datetime
    seconds: float
    is_failure: bool
    cost_usd: float | None
    span: SpanOfTrace | None
    event: EventDocument | None


class TraceAnswer(BaseModel):
    """One trace: each node stands behind its parent, children in the order in which they began."""

    trace_id: str
    jaeger_url: str | None = Field(description="its page in Jaeger; null: there is none")
    nodes: list[TraceNodeAnswer]
    events_left_out: bool
    spans_left_out: bool
    without_spans: str = Field(description="why there are none; empty: nobody made any, or here")
    as_of: int


@router.get("")
def list_traces(
    mission: TheMission,
    since: Annotated[Time | None, Query(description="24 hours ago")] = None,
    until: Time = LATEST,
    work: Annotated[
        bool, Query(description="without those in which services speak of themselves only")
    ] = False,
    limit: Limit = 100,
) -> TraceList:
    """The last first."""
    begin = since or mission.bus.clock() - DAY
    return traces(mission.record, since=begin, until=until, work=work, limit=limit)


async def _jaeger(mission: TheMission) -> str | None:
    return await jaeger_address(mission.jaeger_url)


@router.get("/{trace_id}")
def show(
    trace_id: Annotated[str, Path(max_length=1_000)],
    mission: TheMission,
    jaeger_url: Annotated[str | None, Depends(_jaeger)],
) -> TraceAnswer:
    """Its spans, as long as they are kept, and its events, as one tree."""
    found = waterfall(mission.record, trace_id)
    page = span_address(jaeger_url, trace_id=trace_id, span_id="") if jaeger_url else None
    return TraceAnswer.model_validate({**asdict(found), "jaeger_url": page})
