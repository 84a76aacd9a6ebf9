"""How much of a body has come, and does it come fast enough?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Protocol

from embedded_clickhouse.exceptions import Code
from embedded_clickhouse.limits import Limits

_GRACE_SECONDS = 60.0
"""How long a body may be waited for before its speed counts."""
_READS_IN_A_ROW = 64


class Stream(Protocol):
    """What aiohttp's reader of a request offers, as far as it is used here."""

    async def read(self, n: int = -1) -> bytes: ...

    async def readany(self) -> bytes: ...

    async def readline(self, *, max_line_length: int | None = None) -> bytes: ...

    def at_eof(self) -> bool: ...

    def unread_data(self, data: bytes) -> None: ...


class Meter:
    """The bytes of a body as they are sent: counted, and waited for only so long.

    Each of the readers raises `ClickHouseError` (290 too many bytes, 159 too slow).
    """

    def __init__(self, stream: Stream, *, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self._waited_seconds = 0.0
        self._reads = 0
        self.count_bytes = 0

    async def readany(self) -> bytes:
        """Some bytes; empty at the end."""
        return await self._count(self._stream.readany())

    async def read(self, n: int = -1) -> bytes:
        """At most `n` bytes; empty at the end."""
        return await self._count(self._stream.read(n))

    async def readline(self, *, max_line_length: int | None = None) -> bytes:
        """A line with its end; what there is at the end of the body."""
        return await self._count(self._stream.readline(max_line_length=max_line_length))

    def at_eof(self) -> bool:
        """Whether all was read."""
        return self._stream.at_eof()

    def unread_data(self, data: bytes) -> None:
        """Put back what was read too far."""
        self._stream.unread_data(data)
        self.count_bytes -= len(data)

    async def _count(self, reading: Awaitable[bytes]) -> bytes:
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            async with asyncio.timeout(self._limits.max_body_idle_seconds):
                data = await reading
        except TimeoutError:
            raise self._limits.exceeded(
                "max_body_idle_seconds",
                "The next byte of the request's body did not come in time",
                code=Code.TIMEOUT_EXCEEDED,
            ) from None
        self._waited_seconds += clock() - began
        self._reads += 1
        if self._reads % _READS_IN_A_ROW == 0:
            await asyncio.sleep(0)  # what is there already is read without waiting: let others in
        self.count_bytes += len(data)
        if self.count_bytes > self._limits.max_body_bytes:
            raise self._limits.exceeded("max_body_bytes", "The request's body is too long")
        due = (self._waited_seconds - _GRACE_SECONDS) * self._limits.min_body_bytes_per_second
        if self.count_bytes < due:
            raise self._limits.exceeded(
                "min_body_bytes_per_second",
                "The request's body comes too slowly",
                code=Code.TIMEOUT_EXCEEDED,
            )
        return data
