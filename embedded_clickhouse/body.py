"""What does a request's body hold? Read in pieces, unpacked, never as a whole unless it is
small."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from embedded_clickhouse.limits import Limits
from embedded_clickhouse.meter import Meter
from embedded_clickhouse.spool import Spool
from embedded_clickhouse.threads import Threads

PIECE_BYTES = 1 << 20
"""What is unpacked at once."""
_ANY_RATIO_BYTES = 64 << 20
"""A body that is no larger may be packed as well as it can be."""


class Unpacker(Protocol):
    """Unpacks a body piece by piece: `unpacking.Decoder`, or `frames.FrameDecoder`."""

    @property
    def has_more(self) -> bool:
        """Whether there is something to unpack without more bytes of the body."""

    def decompress(self, data: bytes, *, max_bytes: int) -> bytes:
        """Unpack about `max_bytes`. Raises `ClickHouseError`."""

    def finish(self) -> None:
        """The body is over. Raises `ClickHouseError` where it broke off."""


class Body:
    """A body as an iterator of unpacked pieces. `head` looks at its beginning without taking it
    away."""

    def __init__(
        self, source: Meter | None, *, decoder: Unpacker | None, threads: Threads, limits: Limits
    ) -> None:
        """`source` is None for a body without bytes."""
        self._source = source
        self._decoder = decoder
        self._threads = threads
        self._limits = limits
        self._held: list[bytes] = []
        self._unpacked_bytes = 0
        self.is_over = source is None

    async def head(self, size: int) -> bytes:
        """At least the first `size` bytes, or all there are. Raises `ClickHouseError`."""
        held_bytes = sum(map(len, self._held))
        while held_bytes < size and (piece := await self._next()):
            self._held.append(piece)
            held_bytes += len(piece)
        self._held = [b"".join(self._held)]
        return self._held[0]

    def drop_head(self) -> None:
        """Take away what `head` has shown."""
        self._held = []

    async def pieces(self) -> AsyncIterator[bytes]:
        """All of it from the beginning, as it comes. Raises `ClickHouseError`."""
        held, self._held = self._held, []
        for piece in held:
            yield piece
        while piece := await self._next():
            yield piece

    async def pour(self, spool: Spool) -> None:
        """Put all of it into `spool`. Raises `ClickHouseError`."""
        async for piece in self.pieces():
            await spool.write(piece)

    async def _next(self) -> bytes:
        """The next bytes, unpacked; empty at the end."""
        while not self.is_over and self._source is not None:
            if self._decoder is not None and self._decoder.has_more:
                data = await self._threads.run(self._decoder.decompress, b"", max_bytes=PIECE_BYTES)
            elif not (data := await self._source.readany()):
                self.is_over = True
                if self._decoder is not None:
                    self._decoder.finish()
            elif self._decoder is not None:
                data = await self._threads.run(
                    self._decoder.decompress, data, max_bytes=PIECE_BYTES
                )
            if data:
                self._check(len(data), sent_bytes=self._source.count_bytes)
                return data
        return b""

    def _check(self, more_bytes: int, *, sent_bytes: int) -> None:
        self._unpacked_bytes += more_bytes
        if self._unpacked_bytes > self._limits.max_unpacked_bytes:
            raise self._limits.exceeded(
                "max_unpacked_bytes", "The request's body is too long when it is unpacked"
            )
        most = max(_ANY_RATIO_BYTES, sent_bytes * self._limits.max_unpacking_ratio)
        if self._unpacked_bytes > most:
            raise self._limits.exceeded(
                "max_unpacking_ratio", "The request's body unpacks to too many bytes for what it is"
            )
