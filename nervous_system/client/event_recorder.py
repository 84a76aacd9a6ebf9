"""How does what a member of the swarm says get its number, and its receipt?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

from nervous_system.bus import Bus
from nervous_system.contract.event import Event
from nervous_system.contract.message import Acknowledgement, Expectation
from nervous_system.errors import Conflict, IdTaken, Permanent, Transient, Unavailable
from nervous_system.ids import new_event_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the log confirmed.

    Hand it to the calls that follow from it.
    """

    event_id: str
    sequence: int  # its position on the log
    trace_id: str
    traceparent: str  # as W3C has it, for other programs
    redacted: int = 0  # secrets that were taken out
    duplicate: bool = False  # an earlier try had stored the very same; this one added nothing
    external_change: bool = False  # a resource was not what its chain said; that came first


def receipt(event: Event, acknowledgement: Acknowledgement, *, external: bool = False) -> Receipt:
    """Of an event that the log has."""
    return Receipt(
        event_id=event.event_id,
        sequence=acknowledgement.last_sequence,
        trace_id=event.trace_id,
        traceparent=event.traceparent,
        redacted=acknowledgement.redacted,
        duplicate=acknowledgement.duplicate,
        external_change=external,
    )


class EventRecorder:
    """What one run of one member says, one after the other."""

    def __init__(self, bus: Bus, *, agent_id: str, deadline_seconds: float) -> None:
        self.session = new_event_id()
        self._bus = bus
        self._agent_id = agent_id
        self._deadline_seconds = deadline_seconds
        self._sequence = 0  # the last number that an event took
        self._turn = asyncio.Lock()

    async def say(self, event: Event) -> Receipt:
        """Its receipt; what stands there already, in the same words, is its own earlier try. Said
        again, an event keeps its number and so its bytes. Raises as `Bus.publish`."""
        numbered = event
        try:
            async with self.number_events(event) as (numbered,):
                acknowledgement = await self._bus.publish(numbered)
        except IdTaken as error:
            return await self.said_before(event, error)
        except Transient as error:
            error.said_again_by(partial(self.say, numbered))
            raise
        return receipt(numbered, acknowledgement)

    async def said_before(self, event: Event, error: IdTaken) -> Receipt:
        """The receipt of what this agent has said under the id already. Raises the error where that
        is something else, or a stranger's."""
        found = await self._bus.said_before(event, error)
        if found is None:
            raise error
        position = found.sequence
        return receipt(found.event, Acknowledgement(position, position, duplicate=True))

    async def append(self, event: Event, expectation: Expectation) -> Receipt:
        """Its receipt, where it stands as expected. Raises as `Bus.publish`."""
        async with self.number_events(event) as (numbered,):
            return receipt(numbered, await self._bus.publish(numbered, expectation=expectation))

    @asynccontextmanager
    async def number_events(self, *events: Event) -> AsyncIterator[list[Event]]:
        """The events with the agent's next numbers, in the order of the log: one call at a time.

        What was refused never had a number, so a gap is an event that never arrived. Raises
        Unavailable when what was called before is on its way for too long.
        """
        if all(event.producer_sequence for event in events):
            yield list(events)
            return
        try:
            async with asyncio.timeout(self._deadline_seconds):
                await self._turn.acquire()
        except TimeoutError as error:
            raise Unavailable(
                f"an event of {self._agent_id} was not sent: the one before it has been on its way"
                f" for {self._deadline_seconds:g} s; record it again"
            ) from error
        before = self._sequence
        self._sequence += len(events)
        try:
            yield [
                replace(event, producer_sequence=number)
                for number, event in enumerate(events, before + 1)
            ]
        except (Conflict, Permanent):
            self._sequence = before
            raise
        finally:
            self._turn.release()
