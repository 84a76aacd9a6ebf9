"""What time is it?

The only place that asks the machine; everyone else is handed a `Clock`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the present in UTC.

Tests pass their own.
"""


def system_clock() -> datetime:
    """The machine's clock, UTC, microseconds."""
    return datetime.now(UTC)  # noqa: TID251 - the door itself


Stopwatch = Callable[[], float]
"""Returns seconds that only grow, for durations and deadlines."""

stopwatch: Stopwatch = time.monotonic
