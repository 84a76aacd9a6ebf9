"""Is the trend the straight line that fits best?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builtin_worker.trend import PulsePoint, Series, uptime

BEGAN = datetime(2026, 11, 21, tzinfo=UTC)


def at(hour: float) -> datetime:
    return BEGAN + timedelta(hours=hour)


def pulse(hour: float, *, mode: str = "operational", measured: float | None = None) -> PulsePoint:
    return PulsePoint(
        at=at(hour),
        number=1,
        system_mode=mode,
        interval_seconds=240,
        memory_percent=0,
        ingest_lag=0,
        tool_efficacy_score=None,
        uptime_percent=measured,
    )


@given(
    first=st.floats(-1e6, 1e6),
    per_hour=st.floats(-1e3, 1e3),
    hours=st.lists(st.floats(0.01, 100), min_size=2, max_size=30, unique=True),
)
def test_points_on_a_line_give_that_line(first: float, per_hour: float, hours: list[float]) -> None:
    points = tuple((at(hour), first + per_hour * hour) for hour in sorted(hours))
    if points[0][0] == points[-1][0]:
        return
    line = Series("x", "", points).line()
    assert line is not None
    assert line.first == pytest.approx(points[0][1], abs=1e-3, rel=1e-4)
    assert line.last == pytest.approx(points[-1][1], abs=1e-3, rel=1e-4)


def test_a_known_fit_with_a_gap() -> None:
    points = ((at(0), 1.0), (at(1), None), (at(2), 2.0), (at(4), 6.0))
    line = Series("x", "", points).line()
    assert line is not None
    assert (line.first, line.last) == pytest.approx((0.5, 5.5))


def test_one_moment_has_no_trend() -> None:
    assert Series("x", "", ((at(0), 1.0),)).line() is None
    assert Series("x", "", ((at(0), 1.0), (at(0), 2.0))).line() is None
    assert Series("x", "", ((at(0), None), (at(1), None))).line() is None


def test_uptime_is_as_measured_or_else_the_operational_share_so_far() -> None:
    derived = uptime([pulse(0), pulse(1, mode="halted"), pulse(2), pulse(3)])
    assert [value for _, value in derived] == pytest.approx([100, 50, 200 / 3, 75])
    measured = uptime([pulse(0), pulse(1, mode="halted", measured=97.0)])
    assert [value for _, value in measured] == [None, 97.0]
