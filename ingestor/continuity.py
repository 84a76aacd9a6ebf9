"""Is the stream still the one that ClickHouse knows? Asked at every start, after every
interruption.

One server can lose the end of its log without a word and use the same sequences again. Comparing
last sequences finds that only until enough new events have come, so the bytes at the watermark are
compared, and where they differ the place of the fork is found by bisection.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from ingestor.model import Epoch, Fingerprint
from nervous_system.contract.stored import Stored, StreamState


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEpoch:
    """What ClickHouse has of the current epoch."""

    epoch: int
    first_sequence: int
    watermark: int  # below first_sequence: nothing yet

    @property
    def reached(self) -> int:
        """The last position that needs no more reading: recorded, or left to the epochs before."""
        return max(self.watermark, self.first_sequence - 1)


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
    """The stream lost positions, by age or damage, before they were read: nobody has them."""

    epoch: int  # the new one
    next_sequence: int
    lost_first: int
    lost_last: int

    @property
    def agreed(self) -> int:
        """The last sequence that the new epoch shares with the one before."""
        return self.lost_first - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochPart:
    """What one epoch has of the history that a later epoch continues."""

    epoch: int
    after: int
    last: int | None  # None: to its end


Agrees = Callable[[int], Awaitable[bool]]
"""Whether the stream and ClickHouse hold the same at a sequence, in the epoch it belongs to."""


def same(stored: Stored | None, fingerprint: Fingerprint | None) -> bool:
    """Whether a position of the stream is the one that was recorded: same bytes at the same
    time, or nothing on both sides."""
    if stored is None and fingerprint is None:
        return True
    return (
        stored is not None
        and fingerprint is not None
        and stored.recorded_at_ns == fingerprint.recorded_at_nanoseconds
        and hashlib.sha256(stored.data).digest() == fingerprint.raw_sha256
    )


def owner(sequence: int, epochs: Sequence[Epoch]) -> int | None:
    """The epoch whose row is the one of this sequence in the newest history; None: before all of
    them."""
    return max((each.epoch for each in epochs if each.first_seq <= sequence), default=None)


def history(epochs: Sequence[Epoch], *, until_epoch: int, after: int) -> Iterator[EpochPart]:
    """Where the rows behind `after` are, in order, of the history that ends with `until_epoch`."""
    own = [each for each in epochs if each.epoch <= until_epoch]
    for index, each in enumerate(own):
        last = min((later.first_seq - 1 for later in own[index + 1 :]), default=None)
        if last is None or last > after:
            yield EpochPart(epoch=each.epoch, after=after, last=last)


async def compare(
    recorded: RecordedEpoch, stream: StreamState, agrees: Agrees
) -> Continue | Fork | Gap:
    """What to do with this stream, given what was recorded."""
    reached = recorded.reached
    lowest = max(1, stream.first_sequence)
    if reached + 1 == lowest:
        return Continue(epoch=recorded.epoch, next_sequence=lowest)
    if reached < lowest:
        return gap(recorded, next_sequence=lowest)
    if reached > stream.last_sequence:
        highest = stream.last_sequence
    elif await agrees(reached):
        return Continue(epoch=recorded.epoch, next_sequence=reached + 1)
    else:
        highest = reached - 1
    agreed = await _last_agreed(lowest=lowest, highest=highest, agrees=agrees)
    return _fork(recorded, agreed=agreed, stream=stream)


async def _last_agreed(*, lowest: int, highest: int, agrees: Agrees) -> int:
    """The last sequence of the common beginning; histories that parted never meet again.

    None in common: `lowest` - 1, so that all that is on the stream is read again.
    """
    agreed = lowest - 1
    while lowest <= highest:
        middle = (lowest + highest) // 2
        if await agrees(middle):
            agreed, lowest = middle, middle + 1
        else:
            highest = middle - 1
    return agreed


def _fork(recorded: RecordedEpoch, *, agreed: int, stream: StreamState) -> Fork:
    return Fork(
        epoch=recorded.epoch + 1,
        agreed=agreed,
        next_sequence=agreed + 1,
        lost_first=agreed + 1,
        lost_last=recorded.reached,
        reason=(
            f"the stream ends at {stream.last_sequence}, before the watermark {recorded.reached}"
            if stream.last_sequence < recorded.reached
            else f"another event stands at the watermark {recorded.reached}"
        ),
    )


def gap(recorded: RecordedEpoch, *, next_sequence: int) -> Gap:
    """Reading can go on only at `next_sequence`, which does not follow on what was recorded."""
    return Gap(
        epoch=recorded.epoch + 1,
        next_sequence=next_sequence,
        lost_first=recorded.reached + 1,
        lost_last=next_sequence - 1,
    )
