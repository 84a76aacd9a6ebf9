"""How did tasks end, minute by minute? Enough of it to say whether most of them fail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

MOST_MINUTES: Final = 10
"""Older ones are forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How tasks ended in one minute, or in several together."""

    minute: int  # since 1970, the first of them
    failed: int = 0
    completed: int = 0

    @property
    def mostly_failed(self) -> bool:
        """Whether no fewer failed than were completed."""
        return self.failed > 0 and self.failed >= self.completed


def counted(
    tallies: tuple[Tally, ...], at: datetime, *, failed: int = 0, completed: int = 0
) -> tuple[Tally, ...]:
    """The tallies, the oldest first, after so many more."""
    minute = _minute_of(at)
    if tallies and tallies[-1].minute == minute:
        last, tallies = tallies[-1], tallies[:-1]
        failed, completed = last.failed + failed, last.completed + completed
    recent = [each for each in tallies if each.minute > minute - MOST_MINUTES]
    return (*recent, Tally(minute=minute, failed=failed, completed=completed))


def total(tallies: tuple[Tally, ...], *, minutes: int, now: datetime) -> Tally:
    """The sum of the last minutes."""
    first = _minute_of(now) - minutes + 1
    recent = [each for each in tallies if each.minute >= first]
    return Tally(
        minute=first,
        failed=sum(each.failed for each in recent),
        completed=sum(each.completed for each in recent),
    )


def _minute_of(moment: datetime) -> int:
    return int(moment.timestamp()) // 60
