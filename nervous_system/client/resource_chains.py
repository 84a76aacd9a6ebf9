"""What does an agent append to the chain of a resource, and where? Behind its last link, whoever
appended that; what changed without being recorded becomes a link of its own."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import structlog

from enchanted.events.v1.state_change_pb2 import StateChange
from nervous_system.bus import Bus, decode_stored
from nervous_system.client.event_recorder import EventRecorder, Receipt, receipt
from nervous_system.clock import Clock, Stopwatch
from nervous_system.contract.event import Event
from nervous_system.contract.message import Entry, Expectation
from nervous_system.contract.resource import Content, Resource
from nervous_system.contract.stored import Stored
from nervous_system.contract.subjects import chain_filter
from nervous_system.errors import Conflict, IdTaken, MalformedEvent, Transient
from nervous_system.ids import new_event_id
from nervous_system.transport.stored_messages import id_taken

_log = structlog.get_logger()


class ResourceChains:
    """Those of one agent's changes."""

    def __init__(
        self,
        bus: Bus,
        on_record: EventRecorder,
        *,
        deadline_seconds: float,
        clock: Clock,
        watch: Stopwatch,
    ) -> None:
        self._bus = bus
        self._on_record = on_record
        self._deadline_seconds = deadline_seconds
        self._clock = clock
        self._watch = watch

    async def append(self, target: Resource, event: Event, *, before: Content) -> Receipt:
        """Put the change on record as the next link of its chain; `before` is what the agent found.
        Raises Conflict if others kept appending to it until the deadline, IdTaken, Unavailable."""
        started = self._watch()
        while True:
            try:
                return await self._try_to_append(target, event, before)
            except IdTaken as error:
                return await self._on_record.said_before(event, error)
            except Conflict:
                if self._watch() - started > self._deadline_seconds:
                    raise
            except Transient as error:
                error.said_again_by(partial(self.append, target, event, before=before))
                raise

    async def _try_to_append(self, target: Resource, event: Event, before: Content) -> Receipt:
        chain = chain_filter(target.key)
        head = await self._bus.stream.last_on(chain)
        if head is None:
            return await self._on_record.append(event, Expectation(chain, 0))
        last = _readable(chain, head)
        if last is not None and last.event_id == event.event_id:  # an earlier try of this very call
            raise id_taken({event.event_id: head})
        expectation = Expectation(chain, head.sequence)
        link = event.payload
        assert isinstance(link, StateChange)
        recorded_hash = ""
        if last is not None and isinstance(last.payload, StateChange):
            recorded_hash = last.payload.new_state_hash
        if recorded_hash == link.previous_state_hash:
            return await self._on_record.append(event, expectation)
        _log.warning("chain.external_change", target=target.name, type=target.type)
        found = replace(
            event,
            event_id=new_event_id(),
            timestamp=self._clock(),
            payload=target.external_link(recorded_hash=recorded_hash, found=before),
            causation_id="",
        )
        async with self._on_record.number_events(found, event) as (found, event):
            entries = [Entry(event=found, expectation=expectation), Entry(event=event)]
            return receipt(event, await self._bus.append(entries), external=True)


def _readable(chain: str, head: Stored) -> Event | None:
    """The event that stands there; None if nobody can read it."""
    try:
        return decode_stored(head).event
    except MalformedEvent as error:
        _log.warning("chain.unreadable", subject=chain, sequence=head.sequence, error=str(error))
        return None
