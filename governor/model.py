"""What does the governor know about its machine, and when is a resource overloaded?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

SERVICE: Final = "governor"

HEALTHY: Final = "HEALTHY"
DEGRADED: Final = "DEGRADED"
"""Something is overloaded; the machine still works."""
CRITICAL_FAILURE: Final = "CRITICAL_FAILURE"
"""Nobody knows how the machine is doing."""

SAMPLING_STOPPED: Final = "sampling_stopped"
"""Name of the alarm that samples stay away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Overloaded from `high_percent` on, well again below `low_percent`, as it was between."""

    high_percent: float
    low_percent: float

    def overloaded(self, percent: float, *, before: bool) -> bool:
        """Whether it is overloaded now, given what it was before."""
        return percent >= self.low_percent if before else percent >= self.high_percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the governor holds a machine to."""

    bands: tuple[tuple[str, Band], ...]  # by resource: cpu, memory, disk
    sample_seconds: float
    missed_samples: int = 3  # this many in a row are silence


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """One machine, as its samples on the log tell it."""

    heard_at: datetime | None = None  # the last sample, or when somebody undertook to send some
    overloaded: frozenset[str] = frozenset()
    newly_overloaded: frozenset[str] = frozenset()  # by the last sample
    cpu_load_percent: int = 0
    memory_usage_mb: int = 0  # of 2^20 bytes
    silence_reported: bool = False

    @property
    def status(self) -> str:
        """The status of a SystemSignal."""
        return DEGRADED if self.overloaded else HEALTHY
