"""What could not be read as events?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from operations.queries.record import Record

PREVIEW_BYTES: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedPosition:
    """One position."""

    epoch: int
    position: int
    recorded_at: datetime
    subject: str
    reason: str
    size_bytes: int
    beginning_hex: str  # of its bytes


@dataclass(frozen=True, slots=True)
class ParkedPage:
    """Some of them, the last first."""

    parked: list[ParkedPosition]
    last: tuple[int, int] | None  # epoch and position of the last, if there are more
    as_of: int


def parked(record: Record, *, before: tuple[int, int] = (0, 0), limit: int) -> ParkedPage:
    """Before an epoch and a position. Raises NotRunning, QueryRefused."""
    as_of = record.as_of()
    rows = record.rows(
        "parked",
        preview_bytes=PREVIEW_BYTES,
        before_epoch=before[0],
        before_seq=before[1],
        most=limit + 1,
    )
    page = [ParkedPosition(**each) for each in rows[:limit]]
    last = (page[-1].epoch, page[-1].position) if len(rows) > limit else None
    return ParkedPage(page, last, as_of)
