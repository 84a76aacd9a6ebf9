"""How did machines, and the numbers of the pulses, go over a time?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from nervous_system.errors import NoSuch, NotRunning, QueryRefused
from operations.queries.event_search import decoded_row
from operations.queries.pulses import PulseReport, pulse_of
from operations.queries.record import EARLIEST, LATEST, Record

MAX_HOSTS: Final = 100

NUMBERS: Final = (
    *("tool_efficacy_score", "workers", "tasks_waiting", "tasks_claimed", "tasks_completed"),
    *("tasks_failed", "cpu_percent", "memory_percent", "ingest_lag"),
)
INDICATORS: Final = (
    *("uptime_percent", "mean_tool_efficacy_score", "policy_violations"),
    *("confidence_change_percent", "human_overrides"),
)
TRENDS: Final = (*NUMBERS, *INDICATORS)
"""What a pulse measures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSample:
    """One machine over one stretch of time."""

    from_at: datetime
    cpu_percent: float
    max_cpu_percent: float
    cpu_count: float
    load_1m: float
    memory_used_bytes: int
    memory_limit_bytes: int
    swap_used_bytes: int
    disk_used_bytes: int
    disk_total_bytes: int
    gpu_percent: float | None  # of all its GPUs; None: it has none


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineHistory:
    """One machine; stretches in which nobody looked are left out."""

    host: str
    samples: list[MachineSample]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """All machines."""

    begin: datetime
    end: datetime
    seconds: float  # how long a stretch is
    machines: list[MachineHistory]
    as_of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """One stretch of time."""

    from_at: datetime
    mean: float
    least: float
    greatest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """One number; stretches in which it was not measured are left out."""

    name: str
    begin: datetime
    end: datetime
    seconds: float  # how long a stretch is
    points: list[TrendPoint]
    as_of: int


@dataclass(frozen=True, slots=True)
class PulsePage:
    """Some pulses, the last first."""

    pulses: list[PulseReport]
    last: tuple[int, int] | None  # epoch and position of the last, if there are more
    as_of: int


def capacity(record: Record, *, since: datetime, until: datetime, points: int) -> Capacity:
    """In so many stretches. Raises NotRunning, QueryRefused."""
    as_of, width = record.as_of(), _width(since, until, points)
    rows = record.rows(
        "capacity",
        since=since,
        until=until,
        width_microseconds=width,
        most=points * MAX_HOSTS,
    )
    by_host: dict[str, list[MachineSample]] = {}
    for row in rows:
        by_host.setdefault(row.pop("host"), []).append(MachineSample(**row))
    machines = [MachineHistory(host=host, samples=found) for host, found in by_host.items()]
    return Capacity(begin=since, end=until, seconds=width / 1e6, machines=machines, as_of=as_of)


def trend(record: Record, name: str, *, since: datetime, until: datetime, points: int) -> Trend:
    """One of TRENDS, in so many stretches. Raises NoSuch, NotRunning, QueryRefused."""
    if name not in TRENDS:
        raise NoSuch(f"no pulse measures {name[:60]!r}; there are {', '.join(TRENDS)}")
    as_of, width = record.as_of(), _width(since, until, points)
    rows = record.rows(
        "trend", name=name, since=since, until=until, width_microseconds=width, most=points + 1
    )
    return Trend(
        name=name,
        begin=since,
        end=until,
        seconds=width / 1e6,
        points=[TrendPoint(**row) for row in rows],
        as_of=as_of,
    )


def pulses(
    record: Record,
    *,
    since: datetime = EARLIEST,
    until: datetime = LATEST,
    before: tuple[int, int] = (0, 0),
    limit: int,
) -> PulsePage:
    """Before an epoch and a position. Raises NotRunning, QueryRefused."""
    as_of = record.as_of()
    rows = record.rows(
        "pulses",
        since=since,
        until=until,
        before_epoch=before[0],
        before_seq=before[1],
        most=limit + 1,
    )
    last = (rows[limit - 1]["epoch"], rows[limit - 1]["seq"]) if len(rows) > limit else None
    found = (pulse_of(decoded_row(row)) for row in rows[:limit])
    return PulsePage([each for each in found if each is not None], last, as_of)


def pulse_before(record: Record, time: datetime) -> PulseReport | None:
    """The last up to a time; None if there was none, or the tables do not answer."""
    until = time + timedelta(microseconds=1)
    try:
        return next(iter(pulses(record, until=until, limit=1).pulses), None)
    except (NotRunning, QueryRefused):  # the page has room for what is not known
        return None


def _width(since: datetime, until: datetime, points: int) -> int:
    """Of a stretch, in microseconds."""
    return max(1, -(-((until - since) // timedelta(microseconds=1)) // points))
