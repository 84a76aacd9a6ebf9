"""What does the ingestor hold in its hands? A position, a batch of them, and what ClickHouse says
it has.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from nervous_system.names import EVENTS

Disposition = Literal["stored", "parked", "duplicate"]
"""What became of a position: an event, bytes we cannot read, or an event that was stored
before.
"""

SUBJECTS: Final = 1024
"""Of so many is remembered what follows from them: most events are on few."""

_NANOSECONDS = 1_000_000_000
_SOURCE_BEGINS: Final = len(EVENTS) + 1


def partition_of(recorded_at_nanoseconds: int) -> int:
    """The partition of `swarm.events` for a stream time: year and month, UTC, as in 202611. One
    batch, one partition.
    """
    moment = datetime.fromtimestamp(recorded_at_nanoseconds // _NANOSECONDS, tz=UTC)
    return moment.year * 100 + moment.month


def partition_end(recorded_at_nanoseconds: int) -> int:
    """The first nanosecond after the partition of this stream time, so that a batch is cut by
    comparing integers.
    """
    moment = datetime.fromtimestamp(recorded_at_nanoseconds // _NANOSECONDS, tz=UTC)
    year, month = (moment.year + 1, 1) if moment.month == 12 else (moment.year, moment.month + 1)
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * _NANOSECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Consecutive positions of one epoch and one partition, encoded: the unit that is inserted
    whole or not at all.
    """

    epoch: int
    first_seq: int
    last_seq: int
    rows: int
    frames: bytes  # as `row_encoder.RowEncoder` makes them, in the order of their sequences
    writer: int = 0  # the number in every frame; where it is 0, any throw counts as the fence's
    kinds: frozenset[str] | None = None  # fields that may be left out and occur; None: any

    @property
    def deduplication_token(self) -> str:
        """A pure function of the content: the same bytes are stored once however often they are
        sent.
        """
        digest = hashlib.sha256(self.frames).hexdigest()
        return f"{self.epoch}-{self.first_seq}-{self.last_seq}-{digest}"


@lru_cache(maxsize=SUBJECTS)
def _source(subject: str) -> str:
    return subject[_SOURCE_BEGINS:].partition(".")[0]


class Identity(NamedTuple):
    """What makes two positions one event that was said twice: its id, and who says it.

    The id alone does not: anybody may write one into his event that he foresees of another's. On a
    subject of a role only its members publish, so nobody takes an id from another role.
    """

    event_id: str
    source: str  # the word of the subject that says the role
    agent_id: str

    @classmethod
    def on(cls, subject: str, *, event_id: str, agent_id: str) -> Identity:
        """Of an event on a subject of the log."""
        # As the constructor does, in half the time.
        return tuple.__new__(cls, (event_id, _source(subject), agent_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Watermark:
    """How far the log was recorded: every position of `epoch` up to `seq` is in ClickHouse, or was
    and has aged out.
    """

    epoch: int
    seq: int  # 0 before the first


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What ClickHouse holds at one position, to tell whether the stream is still the one that was
    read.
    """

    event_id: str  # empty where the bytes were unreadable
    recorded_at_nanoseconds: int
    raw_sha256: bytes

    @staticmethod
    def digest(raw: bytes) -> bytes:
        """What `raw_sha256` is for these exact bytes."""
        return hashlib.sha256(raw).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One life of the stream. Sequences are reused when it is truncated or made anew."""

    epoch: int  # 1, 2, 3 …
    opened_at: datetime
    reason: str
    stream_created: datetime
    first_seq: int  # the first sequence that belongs to it
    forked_from_seq: int  # the last sequence of the epoch before that it agrees with; 0 for none
    holder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPosition:
    """One row of `swarm.events` as it can be published again."""

    seq: int
    subject: str
    recorded_at_nanoseconds: int
    disposition: Disposition
    reason: str
    event_id: str
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What counting an epoch found. Lists are cut at `LISTED` entries."""

    epoch: int
    first_seq: int  # 0 when the epoch has no rows
    last_seq: int
    rows: int
    stored: int
    parked: int
    duplicate: int
    doubled: tuple[int, ...]  # sequences with more than one row
    holes: tuple[tuple[int, int], ...]  # (first, last) of runs without a row between the two
    repeated_ids: tuple[str, ...]  # event ids stored more than once, in any epoch

    @property
    def sound(self) -> bool:
        """Whether each position from the first to the last has one row and each event id is stored
        once.
        """
        return (
            not (self.doubled or self.holes or self.repeated_ids)
            and self.rows == self.stored + self.parked + self.duplicate
            and (not self.rows or self.rows == self.last_seq - self.first_seq + 1)
        )


LISTED = 100
"""How many offenders an audit lists of each sort."""
