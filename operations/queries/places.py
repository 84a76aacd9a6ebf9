"""Which position of the record is meant: a position, one of an epoch, a time, or now?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from nervous_system.errors import NoSuch
from operations.queries.record import LATEST, Record

NOW: Final = "now"
_POSITION: Final = re.compile(r"(?:(?P<epoch>[0-9]{1,9})/)?(?P<position>[0-9]{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """A position that is on record, and when it was stored, UTC."""

    epoch: int
    position: int
    recorded_at: datetime


def place_of(record: Record, typed: str) -> Place:
    """What was typed. Raises NoSuch for what is none; NotRunning, QueryRefused."""
    if found := _POSITION.fullmatch(typed):
        epoch, position = int(found["epoch"] or 0), int(found["position"])
        rows = record.rows("place_of_position", epoch=epoch, position=position)
        missing = f"position {typed} is not on record, which goes up to {record.as_of()}"
    else:
        before = LATEST if typed == NOW else _time(typed) + timedelta(microseconds=1)
        rows = record.rows("place_of_time", before=before)
        missing = f"{typed} is before all that is on record"
    if not rows:
        raise NoSuch(missing)
    return Place(**rows[0])


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo is not None else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise NoSuch(
            f"{text[:60]!r} is no moment: give a position (1200), one of an epoch (2/1200), a time"
            " (2026-11-30T14:03:27Z) or now"
        ) from error
