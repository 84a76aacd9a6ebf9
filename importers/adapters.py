"""How does the bus keep the promises that importers need?"""

from __future__ import annotations

from collections.abc import Sequence

from nervous_system.bus import Bus
from nervous_system.contract.message import Acknowledgement, Entry


class BusLog:
    """`ports.ImportLog` over the bus of this process."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def last_sequence(self, subject_filter: str) -> int:
        """As `ports.ImportLog.last_sequence`."""
        stored = await self._bus.stream.last_on(subject_filter)
        return stored.sequence if stored is not None else 0

    async def event_ids(self, subjects: Sequence[str]) -> set[str]:
        """As `ports.ImportLog.event_ids`."""
        return await self._bus.event_ids(subjects)

    async def append(self, entries: Sequence[Entry]) -> Acknowledgement:
        """As `ports.ImportLog.append`."""
        return await self._bus.append(entries)
