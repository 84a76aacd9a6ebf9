"""What does somebody send who speaks NATS by hand? Bytes, as they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class RawClient:
    """A connection on which nothing is checked before it is sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, *lines: bytes) -> None:
        """Send these, and wait until the server has read them."""
        self._writer.write(b"".join(lines) + b"PING\r\n")
        await self._writer.drain()
        async with asyncio.timeout(30):
            while (await self._reader.readline()) != b"PONG\r\n":
                pass


def publish(subject: bytes, data: bytes = b"", *, reply: bytes = b"") -> bytes:
    """One message."""
    return b"PUB %s %s %d\r\n%s\r\n" % (subject, reply, len(data), data)


@asynccontextmanager
async def raw_client(url: str) -> AsyncIterator[RawClient]:
    """Somebody who is connected during the block."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        await reader.readline()
        writer.write(b'CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\n')
        yield RawClient(reader, writer)
    finally:
        writer.close()
