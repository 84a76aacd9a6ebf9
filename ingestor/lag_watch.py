"""Does what is recorded keep up with the log? By what comes of it, not by what the loops say."""

from __future__ import annotations

from collections import deque
from typing import Final

STILL_SECONDS: Final = 15.0
"""So long nothing may be recorded while positions wait."""
WINDOW_SECONDS: Final = 60.0
"""Over so long the lag is compared with itself."""
MUCH_LAG: Final = 10_000
"""A smaller lag may grow: a burst is no trouble."""
GROWN: Final = 1.1


class LagWatch:
    """How far the ingestor was behind lately."""

    def __init__(self) -> None:
        self._watermark = -1
        self._moved = 0.0
        self._lags: deque[tuple[float, int]] = deque()
        self.still_seconds = 0.0
        """For so long nothing was recorded though positions waited."""

    def see(self, moment: float, *, watermark: int | None, last_sequence: int) -> str:
        """What is wrong at this moment of a stopwatch, in one sentence; empty where nothing is.

        `watermark` is None while this process does not record.
        """
        lag = last_sequence - watermark if watermark is not None else 0
        if watermark is None or lag <= 0 or watermark != self._watermark:
            self._watermark = -1 if watermark is None else watermark
            self._moved = moment
        self.still_seconds = moment - self._moved
        while self._lags and moment - self._lags[0][0] > WINDOW_SECONDS:
            before = self._lags.popleft()
            if not self._lags or moment - self._lags[0][0] < WINDOW_SECONDS:
                self._lags.appendleft(before)
                break
        self._lags.append((moment, lag))
        if self.still_seconds >= STILL_SECONDS:
            return f"{lag:,} positions wait, and none was recorded for {self.still_seconds:.0f} s"
        began, first = self._lags[0]
        if moment - began >= WINDOW_SECONDS and lag > MUCH_LAG and lag > GROWN * first:
            return (
                f"the lag grew from {first:,} to {lag:,} positions in {moment - began:.0f} s:"
                " events come faster than ClickHouse takes them"
            )
        return ""
