"""Which position of the log does a person mean by a moment?

A moment is a position (`1200`), a position of a named epoch (`2/1200`), a time (`2026-11-30
14:03:27`, with or without a zone), or `now`. The state at a time is that of the last position that
was stored by then, by the log's own clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from ingestor.model import Epoch
from nervous_system import names
from nervous_system.bus import Bus
from nervous_system.contract.stored import StreamState
from nervous_system.errors import BadSetting
from nervous_system.phrases import moment as shown_time
from nervous_system.visible import visible
from operations.queries.positions import every_epoch

NOW: Final = "now"
MAX_SHOWN_CHARACTERS: Final = 60
_POSITION: Final = re.compile(r"(?:(?P<epoch>[0-9]{1,9})/)?(?P<position>[0-9]{1,19})", re.ASCII)


class UnknownMoment(BadSetting):
    """There is no state at a moment: it is no moment, before the log, ahead of it, or of another
    life of the log."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A position of the log that is there, and when it was stored, UTC."""

    position: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedMoment:
    """What was typed: a position, if need be of an epoch; a time; or, with neither, now."""

    position: int | None = None
    epoch: int | None = None
    time: datetime | None = None


def typed_moment(typed: str) -> TypedMoment:
    """Reads it. Raises UnknownMoment for what is no moment."""
    text = typed.strip()
    if text == NOW:
        return TypedMoment()
    if found := _POSITION.fullmatch(text):
        epoch = found["epoch"]
        return TypedMoment(
            position=int(found["position"]), epoch=int(epoch) if epoch is not None else None
        )
    return TypedMoment(time=_time(text))


async def moment_of(bus: Bus, typed: str) -> Moment:
    """The moment that was typed. Raises UnknownMoment, Unavailable."""
    state = await bus.stream.state()
    if not state.last_sequence:
        raise UnknownMoment("nothing is on the log yet, so there is no state of any moment")
    wanted = typed_moment(typed)
    if wanted.epoch is not None and wanted.position is not None:
        await _check_epoch(wanted.epoch, wanted.position)
    position = wanted.position
    if wanted.time is not None:
        position = await _position_at(bus, wanted.time, state)
    return await _moment(bus, state.last_sequence if position is None else position, state)


async def _moment(bus: Bus, position: int, state: StreamState) -> Moment:
    if position < state.first_sequence:
        raise UnknownMoment(
            f"position {position:,} is before the log: its first is {state.first_sequence:,}"
        )
    if position > state.last_sequence:
        raise UnknownMoment(
            f"position {position:,} is not there yet: the last is {state.last_sequence:,}"
        )
    # A position can be empty, if the server lost it; the one before it says when that was.
    stored = await bus.stream.at(position)
    stored = stored or await bus.stream.next_on(names.ALL_EVENTS, at_least=position)
    if stored is None:
        raise UnknownMoment(f"the log has lost position {position:,} and all behind it")
    return Moment(position, stored.recorded_at)


async def _position_at(bus: Bus, time: datetime, state: StreamState) -> int:
    """The last position that was stored by then; times are compared by the microsecond."""
    if time > (now := await bus.stream.time()):
        raise UnknownMoment(f"{shown_time(time)} is yet to come; the log has {shown_time(now)}")
    after = await bus.stream.first_since(time + timedelta(microseconds=1), names.ALL_EVENTS)
    if after is None:
        return state.last_sequence
    if after.sequence <= state.first_sequence:
        raise UnknownMoment(
            f"{shown_time(time)} is before the log: its first position, {after.sequence:,}, was"
            f" stored at {shown_time(after.recorded_at)}"
        )
    return after.sequence - 1


async def _check_epoch(epoch: int, position: int) -> None:
    """Raises UnknownMoment if the log of today is another at that position."""
    check_epoch(epoch, position, await every_epoch())


def check_epoch(epoch: int, position: int, epochs: tuple[Epoch, ...]) -> None:
    """Raises UnknownMoment if the last of these lives of the log, the oldest first, does not have
    the position as that epoch had it."""
    known = {each.epoch for each in epochs}
    if epoch not in known:
        raise UnknownMoment(
            f"there is no epoch {epoch:,} of the log; `ganglion epochs` lists those there are"
        )
    for each in epochs:
        if each.epoch > epoch and position > each.forked_from_seq:
            raise UnknownMoment(
                f"position {position:,} of epoch {epoch:,} is not on the log any more: epoch"
                f" {each.epoch:,} began behind position {each.forked_from_seq:,} ({each.reason})"
            )
    if epoch == max(known) and position < (first := _first_of(epoch, epochs)):
        raise UnknownMoment(
            f"position {position:,} is not of epoch {epoch:,}, which begins at {first:,}"
        )


def _first_of(epoch: int, epochs: tuple[Epoch, ...]) -> int:
    return next(each.first_seq for each in epochs if each.epoch == epoch)


def _time(text: str) -> datetime:
    """Without a zone it is one of this machine's."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        shown = visible(text[:MAX_SHOWN_CHARACTERS])
        raise UnknownMoment(
            f"{shown} is no moment: give a position (1200), one of an epoch (2/1200), a time"
            " (2026-11-30T14:03:27) or now"
        ) from error
