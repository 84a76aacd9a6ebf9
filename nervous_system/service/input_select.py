"""What comes next, from the log or from those who ask?"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from nervous_system.contract.stored import Stored
from nervous_system.service.request_queue import RequestQueue
from nervous_system.transport.reader import Reader

BATCH_EVENTS: Final = 500
MAX_WAIT_SECONDS: Final = 1.0


class Inputs:
    """Waits for the log and for requests at once; `wakeup` is set by both whenever something
    came."""

    def __init__(self, reader: Reader, inbox: RequestQueue | None, wakeup: asyncio.Event) -> None:
        self._reader = reader
        self._inbox = inbox
        self._wakeup = wakeup

    async def next(self, *, within_seconds: float) -> list[Stored]:
        """What the log brought; empty when a request came first, or nothing did in time.

        Raises as `Reader.batch`.
        """
        self._wakeup.clear()  # before the look: what comes from now on sets it again
        batch = await self._read()
        if len(batch) == BATCH_EVENTS:
            # A full buffer gives nobody else a turn, and the lease needs one.
            await asyncio.sleep(0)
        if batch or (self._inbox is not None and self._inbox.waiting):
            return batch
        with suppress(TimeoutError):
            async with asyncio.timeout(min(within_seconds, MAX_WAIT_SECONDS)):
                await self._wakeup.wait()
        return await self._read()

    async def _read(self) -> list[Stored]:
        return await self._reader.batch(max_messages=BATCH_EVENTS, within_seconds=0.0)
