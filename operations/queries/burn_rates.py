"""How fast is the time spent in which the system may be other than operational?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from operations.queries.pulses import Indicator
from operations.queries.record import Record

UPTIME: Final = "uptime_percent"
WINDOWS: Final = (3_600, 21_600, 86_400)
"""Seconds: a fast fire, a slow one, and the day that the indicator is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnRate:
    """Of one indicator over one stretch of time up to now."""

    indicator: str
    target: float
    window_seconds: int
    bad_share: float  # of that time, 0 to 1
    burn_rate: float  # 1: all that is allowed is spent at the end of the day, and no more


def burn_rates(record: Record, indicators: Sequence[Indicator], now: datetime) -> list[BurnRate]:
    """Of uptime, by the target that the last pulse measured it against; none before the first.
    Raises NotRunning, QueryRefused."""
    uptime = next((each for each in indicators if each.name == UPTIME), None)
    if uptime is None or uptime.target >= 100:
        return []
    rows = record.rows("time_not_operational", now=now, windows=str(list(WINDOWS)))
    bad = {row["window_seconds"]: row["bad_seconds"] for row in rows}
    allowed = 1 - uptime.target / 100
    return [
        BurnRate(
            indicator=UPTIME,
            target=uptime.target,
            window_seconds=window,
            bad_share=bad.get(window, 0.0) / window,
            burn_rate=bad.get(window, 0.0) / window / allowed,
        )
        for window in WINDOWS
    ]
