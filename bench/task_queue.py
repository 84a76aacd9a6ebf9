"""What is asked of one who hands out tasks, so that it can be compared?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycles:
    """What one run of so many workers reached."""

    per_second: float  # tasks submitted, executed, and their end recorded
    claims_seconds: Sequence[float] = ()  # how long each claim took, sorted; where it can be seen


class TaskQueue(Protocol):
    """Starts its servers when first needed; each run has workers and a client of its own."""

    name: str
    settings: str  # how it keeps what it has
    guarantees: str  # in a few words

    @property
    def missing(self) -> str:
        """What has to be installed first, and how; empty where nothing has."""

    async def cycles(self, workers: int, count: int) -> Cycles:
        """So many empty tasks, submitted by as many clients as there are workers."""

    async def pickups(self, count: int) -> list[float]:
        """Seconds from before the submission to the begin at an idle worker, of one task after the
        other; sorted."""

    async def fill(self, count: int) -> None:
        """So many tasks wait from here on."""


def percentile(values: Sequence[float], share: float) -> float:
    """Of sorted values, of which there is at least one."""
    return values[min(len(values) - 1, int(share * len(values)))]
