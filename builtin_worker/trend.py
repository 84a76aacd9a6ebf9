"""Where is a measure going? Pure: the pulses go in, series with their straight lines come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from nervous_system.contract.words import OPERATIONAL


@dataclass(frozen=True, slots=True, kw_only=True)
class PulsePoint:
    """What one pulse says of the measures."""

    at: datetime  # the stream's clock, UTC
    number: int
    system_mode: str
    interval_seconds: float  # until the next
    memory_percent: float
    ingest_lag: int
    tool_efficacy_score: float | None  # None: no task was finished yet
    uptime_percent: float | None  # None: this pulse measured none


@dataclass(frozen=True, slots=True)
class TrendLine:
    """A straight line through a series, by least squares."""

    first: float  # its value at the first point of the series
    last: float


@dataclass(frozen=True, slots=True)
class Series:
    """One measure over time, the oldest point first."""

    name: str
    unit: str
    points: tuple[tuple[datetime, float | None], ...]

    @property
    def measurements(self) -> tuple[tuple[datetime, float], ...]:
        """The points that have a value."""
        return tuple((at, value) for at, value in self.points if value is not None)

    @property
    def values(self) -> tuple[float, ...]:
        """The values there are."""
        return tuple(value for _, value in self.measurements)

    def line(self) -> TrendLine | None:
        """Its trend; None for fewer than two moments."""
        measured = self.measurements
        if not measured:
            return None
        began = measured[0][0]
        hours = [(at - began).total_seconds() / 3600 for at, _ in measured]
        middle, mean = fmean(hours), fmean(self.values)
        spread = sum((each - middle) ** 2 for each in hours)
        if spread == 0:
            return None
        together = zip(hours, self.values, strict=True)
        slope = sum((hour - middle) * (value - mean) for hour, value in together) / spread
        return TrendLine(
            first=mean - slope * middle,
            last=mean + slope * (hours[-1] - middle),
        )


def series_of(pulses: Sequence[PulsePoint]) -> tuple[Series, ...]:
    """Uptime, TES, memory and lag of these pulses, the oldest first."""
    return (
        Series("uptime", "%", uptime(pulses)),
        Series("TES", "0 to 100", tuple((each.at, each.tool_efficacy_score) for each in pulses)),
        Series("memory", "%", tuple((each.at, each.memory_percent) for each in pulses)),
        Series("ingest lag", "positions", tuple((p.at, float(p.ingest_lag)) for p in pulses)),
    )


def uptime(pulses: Sequence[PulsePoint]) -> tuple[tuple[datetime, float | None], ...]:
    """As the pulses measured it; where none did, the operational share of the time so far."""
    if any(each.uptime_percent is not None for each in pulses):
        return tuple((each.at, each.uptime_percent) for each in pulses)
    points: list[tuple[datetime, float | None]] = []
    up = total = 0.0
    for each in pulses:
        total += each.interval_seconds
        up += each.interval_seconds if each.system_mode == OPERATIONAL else 0.0
        points.append((each.at, 100.0 * up / total if total else None))
    return tuple(points)
