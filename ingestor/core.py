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


def prepare(examined: Sequence[Examined], framer: Framer, *, known: AbstractSet[str]) -> Prepared:
    """The batch of one run of positions; `known` are the ids that are stored before it."""
    frames: list[bytes] = []
    new_ids: set[str] = set()
    parked = duplicates = 0
    for each in examined:
        stored = each.stored
        place = Place(
            seq=stored.sequence,
            subject=stored.subject,
            recorded_at_nanoseconds=stored.recorded_at_ns,
        )
        found = each.found
        if isinstance(found, str):
            parked += 1
            frames.append(framer.parked(place=place, raw=stored.data, reason=found))
            continue
        event_id = found.message.event_id
        repeated = event_id in new_ids or event_id in known
        if repeated:
            duplicates += 1
        else:
            new_ids.add(event_id)
        frames.append(
            framer.event(
                found.message,
                place=place,
                raw=stored.data,
                payload_field=found.payload_field,
                warnings=found.warnings,
                duplicate_of=REPEATED if repeated else "",
            )
        )
    return Prepared(
        batch=Batch(
            epoch=framer.epoch,
            first_seq=examined[0].stored.sequence,
            last_seq=examined[-1].stored.sequence,
            rows=len(frames),
            frames=b"".join(frames),
        ),
        examined=examined,
        new_ids=frozenset(new_ids),
        parked=parked,
        duplicates=duplicates,
    )
