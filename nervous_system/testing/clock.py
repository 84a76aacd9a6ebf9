"""A clock that a test moves."""

from __future__ import annotations

from datetime import datetime, timedelta

from nervous_system.clock import system_clock


class MovableClock:
    """A `Clock` (see `nervous_system.clock`): with a `start` it stands there until it is moved;
    without one it goes as the machine's does."""

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return (self._start or system_clock()) + self._ahead

    def advance(self, seconds: float) -> None:
        """Move it forward. Raises ValueError for less than nothing."""
        if seconds < 0:
            raise ValueError(f"a clock moves forward only, and this is {seconds} s")
        self._ahead += timedelta(seconds=seconds)
