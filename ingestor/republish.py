"""How do exact bytes that only ClickHouse has get onto the log again? Under their old ids.

Two uses: the tail of a truncated stream, and parked positions that a newer reader can read. What
is published again is recorded as any position is; the row that was there stays as it was.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from ingestor.model import StoredPosition
from ingestor.ports import Warehouse
from ingestor.reading import Readable, read
from nervous_system.ids import child_id
from nervous_system.message import Message
from nervous_system.publisher import Publisher

PAGE = 500


@dataclass(frozen=True, slots=True)
class Republished:
    """What came of it."""

    published: int
    left: int  # positions that were not published again, because it would serve nobody


async def republish_tail(
    warehouse: Warehouse, publisher: Publisher, *, epoch: int, after_seq: int
) -> Republished:
    """Publish what an epoch had behind the place where its stream was cut; repeats stay behind.

    Doing it twice is harmless: the server drops what it has within its window, the ingestor marks
    what comes later.
    """
    published = left = 0
    async for position in positions(warehouse, epoch=epoch, after_seq=after_seq):
        if position.disposition == "duplicate":
            left += 1
            continue
        await publisher.append(_message(position, epoch))
        published += 1
    return Republished(published, left)


async def replay_parked(
    warehouse: Warehouse, publisher: Publisher, parked: AsyncIterator[tuple[int, StoredPosition]]
) -> Republished:
    """Publish the parked positions that this version can read, and that are not stored by now."""
    published = left = 0
    async for epoch, position in parked:
        found = read(position.raw)
        if not isinstance(found, Readable) or await warehouse.known([found.message.event_id]):
            left += 1
            continue
        await publisher.append(_message(position, epoch))
        published += 1
    return Republished(published, left)


async def positions(
    warehouse: Warehouse, *, epoch: int, after_seq: int = 0
) -> AsyncIterator[StoredPosition]:
    """All rows of an epoch behind a position, in their order, a page at a time."""
    while True:
        page = await warehouse.positions_after(epoch=epoch, after_seq=after_seq, limit=PAGE)
        for position in page:
            yield position
        if len(page) < PAGE:
            return
        after_seq = page[-1].seq


def _message(position: StoredPosition, epoch: int) -> Message:
    found = read(position.raw)
    return Message(
        subject=position.subject,
        message_id=found.message.event_id
        if isinstance(found, Readable)
        else child_id(f"{epoch}/{position.seq}", "republished"),
        data=position.raw,
    )
