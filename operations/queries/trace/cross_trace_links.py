"""Which events of other traces led to this trace, and to which traces did it lead?"""

from __future__ import annotations

from dataclasses import dataclass

from nervous_system.contract.event import RecordedEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What events of the trace name as their cause and is not among them."""

    event_id: str
    recorded: RecordedEvent | None  # None: ClickHouse does not have it


@dataclass(frozen=True, slots=True, kw_only=True)
class DownstreamTrace:
    """The events of one other trace that an event of this one led to."""

    causation_id: str  # the event of this one
    trace_id: str  # empty: they were published without one
    events: int
    traces: int  # to how many traces that event led, this one among them


@dataclass(frozen=True, slots=True, kw_only=True)
class MoreTraces:
    """Traces that an event led to, beyond those that are named."""

    causation_id: str
    traces: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossTraceLinks:
    """All that ClickHouse has of it, in the order of the log."""

    causes: tuple[RecordedEvent, ...] = ()
    onward: tuple[DownstreamTrace, ...] = ()
