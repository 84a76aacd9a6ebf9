"""Which position of the record does a person mean by a moment?

As `moment.py`, but by the tables: they have every life of the log, also what the log has forgotten.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from ingestor.model import Epoch
from nervous_system.clock import system_clock
from nervous_system.phrases import moment as shown_time
from operations.queries.positions import every_epoch
from operations.queries.rows import rows
from operations.queries.state.moment import UnknownMoment, typed_moment

_1970: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER: Final = datetime(2200, 1, 1, tzinfo=UTC)
_ALWAYS: Final = datetime(1900, 1, 1, tzinfo=UTC)
"""Between these are all times that the tables can compare."""

_LAST_EPOCH: Final = 2**32 - 1
_LAST_POSITION: Final = 2**64 - 1


@dataclass(frozen=True, slots=True)
class RecordedMoment:
    """A position that is on record, and when it was stored, UTC."""

    epoch: int
    position: int
    recorded_at: datetime


def recorded_moment_of(typed: str, *, tell: Callable[[str], None]) -> RecordedMoment:
    """The moment that was typed; `tell` hears that the tables may be behind the log.

    Raises UnknownMoment, NotRunning, QueryRefused.
    """
    last = _last(_LAST_EPOCH, _LAST_POSITION, tell=tell)
    if last is None:
        raise UnknownMoment("nothing is on record yet, so there are no files of any moment")
    wanted = typed_moment(typed)
    if wanted.time is not None:
        return _at_time(wanted.time, last)
    if wanted.position is None:
        return last
    epochs = asyncio.run(every_epoch())
    epoch = wanted.epoch or _epoch_of(wanted.position, epochs, last.epoch)
    found = _last(epoch, wanted.position)
    if found is None or (found.epoch, found.position) != (epoch, wanted.position):
        raise UnknownMoment(
            f"position {wanted.position:,} of epoch {epoch:,} is not on record; the last is"
            f" {last.position:,} of epoch {last.epoch:,}"
        )
    return found


def _at_time(time: datetime, last: RecordedMoment) -> RecordedMoment:
    found = _last(_LAST_EPOCH, _LAST_POSITION, before=time + timedelta(microseconds=1))
    if found is None:
        raise UnknownMoment(f"{shown_time(time)} is before all that is on record")
    if found == last and time > system_clock():
        raise UnknownMoment(f"{shown_time(time)} is yet to come")
    return found


def _epoch_of(position: int, epochs: tuple[Epoch, ...], last: int) -> int:
    """The epoch that the log of today has this position from."""
    epoch = last
    for each in sorted(epochs, key=lambda each: each.epoch, reverse=True):
        epoch = each.epoch
        if position >= each.first_seq or not each.forked_from_seq:
            break
    return epoch


def _last(
    epoch: int,
    position: int,
    *,
    before: datetime = _NEVER,
    tell: Callable[[str], None] | None = None,
) -> RecordedMoment | None:
    microseconds = (min(max(before, _ALWAYS), _NEVER) - _1970) // timedelta(microseconds=1)
    found = rows(
        "last_position",
        tell=tell or _nobody,
        wait=tell is not None,
        epoch=epoch,
        position=position,
        before=microseconds,
    )
    if not found:
        return None
    (row,) = found
    return RecordedMoment(int(row["epoch"]), int(row["position"]), row["recorded_at"])


def _nobody(sentence: str) -> None:
    """It was said before."""
