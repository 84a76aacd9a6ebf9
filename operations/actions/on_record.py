"""An event that is put on record once, however often it is said under its id."""

from __future__ import annotations

from dataclasses import dataclass

from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from nervous_system.bus import Bus
from nervous_system.contract.event import Event
from nervous_system.contract.payload import Payload
from nervous_system.errors import IdTaken


@dataclass(frozen=True, slots=True)
class OnRecord:
    """One event that is on disk."""

    event_id: str
    sequence: int
    duplicate: bool = False  # it was there already, in the same words
    redacted: bool = False  # secrets were taken out of it


async def record_once(bus: Bus, event: Event) -> OnRecord:
    """Where it stands. Raises IdTaken if its id stands for something else; as `Bus.publish`."""
    try:
        done = await bus.publish(event)
    except IdTaken as error:
        before = await bus.said_before(event, error)
        if before is None:
            raise
        return OnRecord(event.event_id, before.sequence, duplicate=True)
    return OnRecord(
        event.event_id, done.last_sequence, duplicate=done.duplicate, redacted=bool(done.redacted)
    )


async def record_of_person(bus: Bus, payload: Payload, *, person: str, event_id: str) -> OnRecord:
    """As `record_once`, of what a person of this name says."""
    event = Event(
        event_id=event_id,
        timestamp=bus.clock(),
        agent_role=ROLE_OPERATOR,
        agent_id=person,
        payload=payload,
    )
    return await record_once(bus, event)
