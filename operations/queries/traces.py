"""Which traces were there lately?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from operations.queries.record import LATEST, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceRow:
    """One trace, as far as it was recorded in that time."""

    trace_id: str
    began_at: datetime
    ended_at: datetime
    events: int
    decisions: int
    failures: int
    agents: list[str]  # the first twenty
    first_kind: str  # of its first event that is no routine of services, or else of its first
    first_event_id: str
    decided: str  # its first decision; empty: none
    cost_usd: float


@dataclass(frozen=True, slots=True)
class TraceList:
    """The last first."""

    traces: list[TraceRow]
    left_out: bool  # whether there are more
    as_of: int


def traces(
    record: Record, *, since: datetime, until: datetime = LATEST, work: bool = False, limit: int
) -> TraceList:
    """Of which something was recorded in that time; if `work`, without those in which services
    speak of themselves only. Raises NotRunning, QueryRefused."""
    as_of = record.as_of()
    rows = record.rows("traces", since=since, until=until, work=work, most=limit + 1)
    return TraceList([TraceRow(**each) for each in rows[:limit]], len(rows) > limit, as_of)
