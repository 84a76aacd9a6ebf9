"""How much happened when, and what stands out? The strip below every page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from nervous_system.errors import NoSuch
from operations.queries.event_search import Document, recorded_document
from operations.queries.record import Record
from operations.queries.state.recorded_moment import recorded_moment

MAX_MARKS: Final = 500

MarkKind = Literal["incident", "approval", "halt", "mode", "process"]
_MARKS: Final[dict[str, MarkKind]] = {
    "incident_opened": "incident",
    "incident_closed": "incident",
    "objective_planned": "approval",
    "objective_approved": "approval",
    "halt_ordered": "halt",
    "halt_lifted": "halt",
    "system_mode_changed": "mode",
    "process_exited": "process",
}
"""By kind of event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What happened in one stretch of time; those in which nothing did are left out."""

    bucket: int  # 0 is the first
    first_position: int
    last_position: int
    events: int
    decisions: int
    failures: int
    cost_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What stands out."""

    kind: MarkKind
    event_kind: str
    event_id: str
    epoch: int
    position: int
    recorded_at: str
    text: str
    is_failure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """From a time up to another, in stretches of the same length."""

    begin: datetime
    end: datetime
    bucket_seconds: float
    buckets: list[Bucket]
    marks: list[Mark]  # the first first
    marks_left_out: bool  # whether earlier ones are
    as_of: int


def timeline(record: Record, *, begin: str, end: str, buckets: int) -> Timeline:
    """Between two moments, the last included; empty: where the record begins, and where it ends.
    Raises NoSuch, NotRunning, QueryRefused."""
    as_of = record.as_of()
    since = recorded_moment(record, begin).recorded_at if begin else _first(record)
    until = recorded_moment(record, end or "now").recorded_at if since is not None else None
    if since is None or until is None:
        raise NoSuch("nothing is on record yet")
    until = max(until, since) + timedelta(microseconds=1)
    microseconds = (until - since) // timedelta(microseconds=1)
    width = -(-microseconds // buckets)
    rows = record.rows("timeline", since=since, until=until, width_microseconds=width)
    found = record.rows("marks", kinds=list(_MARKS), since=since, until=until, most=MAX_MARKS + 1)
    return Timeline(
        begin=since,
        end=until,
        bucket_seconds=width / 1e6,
        buckets=[Bucket(**each) for each in rows],
        marks=[
            _mark(each)
            for each in map(recorded_document, reversed(found[:MAX_MARKS]))
            if each["payload_kind"] is not None
        ],
        marks_left_out=len(found) > MAX_MARKS,
        as_of=as_of,
    )


def _first(record: Record) -> datetime | None:
    rows = record.rows("first_time")
    return rows[0]["first_at"] if rows else None


def _mark(event: Document) -> Mark:
    kind = event["payload_kind"]
    return Mark(
        kind=_MARKS[kind],
        event_kind=kind,
        event_id=event["event_id"],
        epoch=event["epoch"],
        position=event["sequence"],
        recorded_at=event["recorded_at"],
        text=event["sentence"],
        is_failure=event["is_failure"],
    )
