"""What does a request's body hold? Read in pieces, unpacked, never as a whole unless it is
small."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from ganglion.engines.clickhouse.compression import Decoder
from ganglion.engines.clickhouse.threads import Threads

PIECE_BYTES = 1 << 20
"""What is handed to the engine in one call."""


class Source(Protocol):
    """Where bytes come from: aiohttp's reader of a request, or of one part of a form."""

    async def readany(self) -> bytes:
        """Some bytes; empty at the end."""


class Body:
    """A body as an iterator of unpacked pieces. `head` looks at its beginning without taking it
    away."""

    def __init__(self, source: Source, *, decoder: Decoder | None, threads: Threads) -> None:
        self._source = source
        self._decoder = decoder
        self._threads = threads
        self._held = b""
        self._is_over = False

    async def head(self, size: int) -> bytes:
        """At least the first `size` bytes, or all there are."""
        if not self._is_over and len(self._held) < size:
            self._held += await self._gather(size - len(self._held))
        return self._held

    def drop_head(self) -> None:
        """Take away what `head` has shown."""
        self._held = b""

    async def pieces(self) -> AsyncIterator[bytes]:
        """All of it from the beginning, in pieces of about `PIECE_BYTES`."""
        held, self._held = self._held, b""
        if held:
            yield held
        while not self._is_over:
            piece = await self._gather(PIECE_BYTES)
            if piece:
                yield piece

    async def _gather(self, size: int) -> bytes:
        gathered: list[bytes] = []
        count = 0
        while count < size and not self._is_over:
            data = await self._source.readany()
            if not data:
                self._is_over = True
                if self._decoder is not None:
                    self._decoder.finish()
                break
            if self._decoder is not None:
                data = await self._threads.run(self._decoder.decompress, data)
            gathered.append(data)
            count += len(data)
        return gathered[0] if len(gathered) == 1 else b"".join(gathered)
