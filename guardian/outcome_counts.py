"""How did tasks end, minute by minute? Enough of it to say whether most of them fail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

MAX_MINUTES: Final = 10
"""Older ones are forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeCounts:
    """How tasks ended in one minute, or in several together."""

    minute: int  # since 1970, the first of them
    failed: int = 0
    completed: int = 0

    @property
    def mostly_failed(self) -> bool:
        """Whether no fewer failed than were completed."""
        return self.failed > 0 and self.failed >= self.completed

    @property
    def failing_share(self) -> float:
        """Of all that ended; 0 where nothing did."""
        return self.failed / max(1, self.failed + self.completed)

    def __add__(self, other: OutcomeCounts) -> OutcomeCounts:
        """Both together."""
        return OutcomeCounts(
            minute=min(self.minute, other.minute),
            failed=self.failed + other.failed,
            completed=self.completed + other.completed,
        )


def count(
    tallies: tuple[OutcomeCounts, ...], at: datetime, *, failed: int = 0, completed: int = 0
) -> tuple[OutcomeCounts, ...]:
    """The tallies, the oldest first, after so many more."""
    minute = _minute_of(at)
    if tallies and tallies[-1].minute == minute:
        last, tallies = tallies[-1], tallies[:-1]
        failed, completed = last.failed + failed, last.completed + completed
    recent = [each for each in tallies if each.minute > minute - MAX_MINUTES]
    return (*recent, OutcomeCounts(minute=minute, failed=failed, completed=completed))


def total(
    tallies: tuple[OutcomeCounts, ...], *, now: datetime, minutes: int = MAX_MINUTES
) -> OutcomeCounts:
    """The sum of the last minutes."""
    return since(tallies, minute=_minute_of(now) - minutes + 1)


def since(tallies: tuple[OutcomeCounts, ...], *, minute: int) -> OutcomeCounts:
    """The sum from a minute on."""
    recent = [each for each in tallies if each.minute >= minute]
    return sum(recent, OutcomeCounts(minute=minute))


def _minute_of(moment: datetime) -> int:
    return int(moment.timestamp()) // 60
