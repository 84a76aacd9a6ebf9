"""Is the stream still the one that ClickHouse knows? Asked at every start, after every
interruption.

One server can lose the end of its log without a word and use the same sequences again. Comparing
last sequences finds that only until enough new events have come, so the bytes at the watermark are
compared, and where they differ the place of the fork is found by bisection.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ingestor.model import Fingerprint
from nervous_system.stream import Stored, StreamState


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What ClickHouse has of the current epoch."""

    epoch: int
    first_sequence: int
    watermark: int  # below first_sequence: nothing yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Continue:
    """The same stream: go on behind the watermark."""

    epoch: int
    next_sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """Another history: a new epoch begins, and the end of the old one exists in ClickHouse
    only."""

    epoch: int  # the new one
    agreed: int  # the last sequence both histories share, 0 for none
    next_sequence: int
    lost_first: int  # positions of the old epoch that the stream no longer has
    lost_last: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The stream dropped positions, by age, before they were read: nobody has them any more."""

    epoch: int  # the new one
    next_sequence: int
    lost_first: int
    lost_last: int


Agrees = Callable[[int], Awaitable[bool]]
"""Whether the stream and ClickHouse hold the same at a sequence that both have."""


def same(stored: Stored | None, fingerprint: Fingerprint | None) -> bool:
    """Whether a position of the stream is the one that was recorded: same bytes at the same
    time."""
    return (
        stored is not None
        and fingerprint is not None
        and stored.recorded_at_ns == fingerprint.recorded_at_nanoseconds
        and hashlib.sha256(stored.data).digest() == fingerprint.raw_sha256
    )


async def compare(recorded: Recorded, stream: StreamState, agrees: Agrees) -> Continue | Fork | Gap:
    """What to do with this stream, given what was recorded."""
    watermark = recorded.watermark
    if watermark < recorded.first_sequence:
        # Nothing of this epoch was recorded yet, so nothing can disagree; but it may have aged out.
        expected = recorded.first_sequence
        if stream.last_sequence + 1 < expected:
            return _fork(recorded, agreed=stream.last_sequence, stream=stream)
        if stream.first_sequence <= expected:
            return Continue(epoch=recorded.epoch, next_sequence=expected)
        return _gap(recorded, expected, stream)
    if watermark > stream.last_sequence:
        highest = stream.last_sequence
    elif watermark < stream.first_sequence:
        if watermark + 1 == stream.first_sequence:
            return Continue(epoch=recorded.epoch, next_sequence=watermark + 1)
        return _gap(recorded, watermark + 1, stream)
    elif await agrees(watermark):
        return Continue(epoch=recorded.epoch, next_sequence=watermark + 1)
    else:
        highest = watermark - 1
    agreed = await _last_agreed(
        lowest=max(stream.first_sequence, recorded.first_sequence), highest=highest, agrees=agrees
    )
    return _fork(recorded, agreed=agreed, stream=stream)


async def _last_agreed(*, lowest: int, highest: int, agrees: Agrees) -> int:
    """The last sequence of the common beginning; histories that parted never meet again."""
    agreed = lowest - 1
    while lowest <= highest:
        middle = (lowest + highest) // 2
        if await agrees(middle):
            agreed, lowest = middle, middle + 1
        else:
            highest = middle - 1
    return agreed


def _fork(recorded: Recorded, *, agreed: int, stream: StreamState) -> Fork:
    return Fork(
        epoch=recorded.epoch + 1,
        agreed=agreed,
        next_sequence=max(agreed + 1, stream.first_sequence, 1),
        lost_first=agreed + 1,
        lost_last=recorded.watermark,
        reason=(
            f"the stream ends at {stream.last_sequence}, before the watermark {recorded.watermark}"
            if stream.last_sequence < recorded.watermark
            else f"another event stands at the watermark {recorded.watermark}"
        ),
    )


def _gap(recorded: Recorded, expected: int, stream: StreamState) -> Gap:
    return Gap(
        epoch=recorded.epoch + 1,
        next_sequence=stream.first_sequence,
        lost_first=expected,
        lost_last=stream.first_sequence - 1,
    )
