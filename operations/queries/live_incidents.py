"""Which incidents are there now? Folded from the log as they come, for those who ask again and
again."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import Final

from enchanted.events.v1.swarm_event_pb2 import ROLE_GUARDIAN
from nervous_system.bus import Bus
from nervous_system.contract.stored import StreamState
from nervous_system.names import EVENTS
from operations.queries.incidents import PastIncident, take_incident

MAX_KEPT: Final = 10_000
"""The last ones, and all that are open."""
_SUBJECT: Final = f"{EVENTS}.incident.>"


class LiveIncidents:
    """Of one log. Those who ask at once share the work."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._turn = asyncio.Lock()
        self._found: dict[str, PastIncident] = {}
        self._created = ""
        self._position = 0

    async def known(self, log: StreamState) -> list[PastIncident]:
        """Those that the log tells of up to its end, or further; the oldest first. Raises
        Unavailable."""
        async with self._turn:
            if log.created != self._created or log.last_sequence < self._position:
                self._found, self._position, self._created = {}, 0, log.created
            if log.last_sequence > self._position:
                await self._read_on()
                self._position = max(self._position, log.last_sequence)
            return list(self._found.values())

    async def _read_on(self) -> None:
        last = await self._bus.stream.last_on(_SUBJECT)
        if last is None or last.sequence <= self._position:
            return
        begin = self._position + 1
        async for stored in self._bus.replay(start_sequence=begin, subjects=[_SUBJECT]):
            recorded = self._bus.believed(stored)
            if recorded is not None and recorded.event.agent_role == ROLE_GUARDIAN:
                take_incident(self._found, recorded)
            self._position = stored.sequence
        over = [key for key, each in self._found.items() if each.closed_at is not None]
        for key in islice(over, max(0, len(self._found) - MAX_KEPT)):
            del self._found[key]
