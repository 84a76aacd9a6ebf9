"""What comes next, from the log or from those who ask?"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Final, Self

from nervous_system.transport.reader import Reader
from nervous_system.transport.stream import Stored

BATCH_EVENTS: Final = 500
LONGEST_WAIT_SECONDS: Final = 1.0


class Arrivals:
    """Waits for the log and for requests at once, without losing what was read meanwhile."""

    def __init__(self, reader: Reader, asked: asyncio.Event) -> None:
        self._reader = reader
        self._asked = asked
        self._reading: asyncio.Task[list[Stored]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._reading is not None:
            self._reading.cancel()

    async def next(self, *, within_seconds: float) -> list[Stored]:
        """What the log brought; empty when a request came first, or nothing did in time."""
        if self._reading is None:
            self._reading = asyncio.create_task(
                self._reader.batch(most=BATCH_EVENTS, within_seconds=LONGEST_WAIT_SECONDS)
            )
        asked = asyncio.create_task(self._asked.wait())
        try:
            await asyncio.wait(
                (self._reading, asked),
                timeout=min(within_seconds, LONGEST_WAIT_SECONDS),
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            asked.cancel()
        if not self._reading.done():
            return []
        read, self._reading = self._reading, None
        return read.result()
