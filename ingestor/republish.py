"""How do exact bytes that only ClickHouse has get onto the log again? Under their old ids.

Two uses: the tail of a truncated stream, and parked positions that a newer reader can read. What
is published again is recorded as any position is; the row that was there stays as it was. Each
message says where it comes from, so it is history: what was ordered then is not done again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

import structlog

from ingestor.continuity import history
from ingestor.model import Disposition, Identity, StoredPosition
from ingestor.ports import Warehouse
from ingestor.reading import Readable, read
from nervous_system.contract.message import Message
from nervous_system.errors import IdTaken, TooLarge
from nervous_system.ids import child_id, is_uuid, new_event_id
from nervous_system.refusal import Refusal
from nervous_system.telemetry.tracing import traceparent_of
from nervous_system.transport.publisher import Publisher

_log = structlog.get_logger()

PAGE = 500


Vouch = Callable[[Message, str], Message]
"""Marks a message as one that comes back from `<epoch>/<sequence>`."""


def _mark_republished(message: Message, republished_from: str) -> Message:
    return replace(message, republished_from=republished_from)


@dataclass(frozen=True, slots=True)
class Republished:
    """What came of it."""

    published: int
    left: int  # positions that were not published again: repeats, or too large with their headers


async def republish_tail(
    warehouse: Warehouse,
    publisher: Publisher,
    *,
    epoch: int,
    after_seq: int,
    vouch: Vouch = _mark_republished,
) -> Republished:
    """Publish what the stream had, up to its end in `epoch`, behind the place where it was cut;
    each event once, as history. `vouch` makes others believe that, where the mesh has a key.

    Doing it twice is harmless: the server drops what it has within its window, the ingestor marks
    what comes later.
    """
    published = left = 0
    seen: set[Identity | str] = set()
    for part in history(await warehouse.epochs(), until_epoch=epoch, after=after_seq):
        async for position in positions(warehouse, epoch=part.epoch, after_seq=part.after):
            if part.last is not None and position.seq > part.last:
                break
            found = read(position.raw)
            message = _message(position, found, part.epoch, vouch)
            who = _identity(position, found) or message.message_id
            if who not in seen and await _publish(publisher, message, position):
                published += 1
            else:
                left += 1
            seen.add(who)
    return Republished(published, left)


async def replay_parked(
    warehouse: Warehouse, publisher: Publisher, *, vouch: Vouch = _mark_republished
) -> Republished:
    """Publish the parked positions that this version can read, and that are not stored by now; as
    history, too: it is late for what they ordered."""
    published = left = 0
    async for epoch, position in parked_positions(warehouse):
        found = read(position.raw)
        who = _identity(position, found)
        if who is None or who in await warehouse.existing_ids([who]):
            left += 1
            continue
        if await _publish(publisher, _message(position, found, epoch, vouch), position):
            published += 1
        else:
            left += 1
    return Republished(published, left)


async def positions(
    warehouse: Warehouse,
    *,
    epoch: int,
    after_seq: int = 0,
    disposition: Disposition | None = None,
) -> AsyncIterator[StoredPosition]:
    """Rows of an epoch behind a position, in their order, a page at a time."""
    while True:
        page = await warehouse.positions_after(
            epoch=epoch, after_seq=after_seq, limit=PAGE, disposition=disposition
        )
        for position in page:
            yield position
        if len(page) < PAGE:
            return
        after_seq = page[-1].seq


async def parked_positions(warehouse: Warehouse) -> AsyncIterator[tuple[int, StoredPosition]]:
    """Everything that is parked, with its epoch, the oldest first."""
    for epoch in await warehouse.epochs():
        async for position in positions(warehouse, epoch=epoch.epoch, disposition="parked"):
            yield epoch.epoch, position


async def _publish(publisher: Publisher, message: Message, position: StoredPosition) -> bool:
    """False for one so large that it was stored only because it had no headers."""
    origin = message.republished_from
    try:
        try:
            await publisher.append(message)
        except IdTaken as error:  # by an event of this life, or by a stranger's bytes
            _log.warning("republish.id_taken", sequence=position.seq, reason=str(error))
            own = child_id(origin, "republished")
            try:
                await publisher.append(replace(message, message_id=own))
            except IdTaken:
                await publisher.append(replace(message, message_id=new_event_id()))
    except TooLarge as error:
        _log.error("republish.too_large", sequence=position.seq, reason=str(error))
        return False
    return True


def _identity(position: StoredPosition, found: Readable | Refusal) -> Identity | None:
    if isinstance(found, Refusal):
        return None
    message = found.message
    return Identity.on(position.subject, event_id=message.event_id, agent_id=message.agent_id)


def _message(
    position: StoredPosition, found: Readable | Refusal, epoch: int, vouch: Vouch
) -> Message:
    """Under the event's id and in its trace; what is not valid may not be fit for a header."""
    own = position.event_id
    traceparent = (
        traceparent_of(found.message.trace_id, found.message.span_id)
        if isinstance(found, Readable)
        else None
    )
    origin = f"{epoch}/{position.seq}"
    message = Message(
        subject=position.subject,
        message_id=own if is_uuid(own) else child_id(origin, "republished"),
        data=position.raw,
        traceparent=traceparent,
    )
    return vouch(message, origin)
