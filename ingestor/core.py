"""What becomes of each position? Stored, parked or a duplicate: decided here, without touching the
world.

Positions come in the order of the log; a batch is cut where a partition ends, because an insert is
atomic within one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple

from ingestor.frames import Framer
from ingestor.model import Batch, Place, partition_end
from ingestor.reading import Readable, read
from nervous_system.stream import Stored

REPEATED = "its event_id was stored before"


class Examined(NamedTuple):
    """A position and what its bytes turned out to be."""

    stored: Stored
    found: Readable | str  # the reason why it must be parked


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A batch ready to be inserted, and what is in it."""

    batch: Batch
    examined: Sequence[Examined]
    known: AbstractSet[str]  # ids that were stored before it
    new_ids: frozenset[str]
    parked: int
    duplicates: int


def examine(positions: Sequence[Stored]) -> list[Examined]:
    """Read every position."""
    return [Examined(stored, read(stored.data)) for stored in positions]


def event_ids(examined: Sequence[Examined]) -> list[str]:
    """The ids of the events that can be read, in order."""
    return [each.found.message.event_id for each in examined if not isinstance(each.found, str)]


def cut(examined: Sequence[Examined]) -> Iterator[Sequence[Examined]]:
    """The same positions in runs that each lie in one partition."""
    start = 0
    end_of_partition = None
    for index, each in enumerate(examined):
        if end_of_partition is None:
            end_of_partition = partition_end(each.stored.recorded_at_ns)
        elif each.stored.recorded_at_ns >= end_of_partition:
            yield examined[start:index]
            start = index
            end_of_partition = partition_end(each.stored.recorded_at_ns)
    if examined:
        yield examined[start:]


class Preparation:
    """A batch in the making: takes the positions of one run, slice by slice, and ends as
    `Prepared`.

    It goes by slices so that the event loop can do other things between them.
    """

    def __init__(self, framer: Framer, *, known: AbstractSet[str]) -> None:
        """`known` are the ids that are stored before this batch."""
        self._framer = framer
        self._known = known
        self._frames: list[bytes] = []
        self._examined: list[Examined] = []
        self._new_ids: set[str] = set()
        self._parked = 0
        self._duplicates = 0

    def add(self, examined: Sequence[Examined]) -> None:
        """The next positions of the run."""
        self._examined += examined
        for stored, found in examined:
            place = Place(
                seq=stored.sequence,
                subject=stored.subject,
                recorded_at_nanoseconds=stored.recorded_at_ns,
            )
            if isinstance(found, str):
                self._parked += 1
                frame = self._framer.parked(place=place, raw=stored.data, reason=found)
            else:
                event_id = found.message.event_id
                repeated = event_id in self._new_ids or event_id in self._known
                if repeated:
                    self._duplicates += 1
                else:
                    self._new_ids.add(event_id)
                frame = self._framer.event(
                    found.message,
                    place=place,
                    raw=stored.data,
                    payload_field=found.payload_field,
                    warnings=found.warnings,
                    duplicate_of=REPEATED if repeated else "",
                )
            self._frames.append(frame)

    def finish(self) -> Prepared:
        """The batch.

        At least one position was added.
        """
        return Prepared(
            batch=Batch(
                epoch=self._framer.epoch,
                writer=self._framer.writer,
                first_seq=self._examined[0].stored.sequence,
                last_seq=self._examined[-1].stored.sequence,
                rows=len(self._frames),
                frames=b"".join(self._frames),
            ),
            examined=self._examined,
            known=self._known,
            new_ids=frozenset(self._new_ids),
            parked=self._parked,
            duplicates=self._duplicates,
        )


def prepare(examined: Sequence[Examined], framer: Framer, *, known: AbstractSet[str]) -> Prepared:
    """The batch of one run of positions, in one go; `known` are the ids that are stored before
    it."""
    preparation = Preparation(framer, known=known)
    preparation.add(examined)
    return preparation.finish()
