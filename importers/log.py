"""What do importers need of the log, and how does the bus keep it?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from nervous_system.bus import Bus
from nervous_system.contract.message import Acknowledgement, Entry


class ImportLog(Protocol):
    """The log as importers see it."""

    async def last_sequence(self, subject_filter: str) -> int:
        """
        The last position on a filter; 0 where there is none.

        May be a little behind on a replicated log. Raises Transient where the log could not be
        read; calling again is harmless.
        """

    async def event_ids(self, subjects: Sequence[str]) -> set[str]:
        """
        The ids of every event that was acknowledged on these filters before the call, by anyone.
        Bytes of something else that were put under an id are not that event.

        The filters do not overlap. Raises as `last_sequence`.
        """

    async def append(self, entries: Sequence[Entry]) -> Acknowledgement:
        """
        Store all entries, one behind the other, or none; returns when they are on disk.

        Secrets are taken out on the way and counted. A lost acknowledgement is sought again under
        the same ids. Raises Conflict where an entry's expectation does not hold, Duplicate where
        the log knows one of the events and it is not this very batch, IdTaken where it has other
        bytes under one of the ids, InvalidEvent, and the errors of a publish (NotAcknowledged,
        Unavailable, LogFull, TooLarge …).
        """


class BusLog:
    """`ImportLog` over the bus of this process."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def last_sequence(self, subject_filter: str) -> int:
        """As `ImportLog.last_sequence`."""
        stored = await self._bus.stream.last_on(subject_filter)
        return stored.sequence if stored is not None else 0

    async def event_ids(self, subjects: Sequence[str]) -> set[str]:
        """As `ImportLog.event_ids`."""
        return await self._bus.event_ids(subjects)

    async def append(self, entries: Sequence[Entry]) -> Acknowledgement:
        """As `ImportLog.append`."""
        return await self._bus.append(entries)
