"""What does somebody send who speaks NATS by hand? Bytes, as they are."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class RawClient:
    """A connection on which nothing is checked before it is sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._came: deque[bytes] = deque()  # before they were asked for

    async def say(self, *lines: bytes) -> None:
        """Send these, and wait until the server has read them."""
        self._writer.write(b"".join(lines) + b"PING\r\n")
        await self._writer.drain()
        async with asyncio.timeout(60):
            while await self._heard() != b"PONG\r\n":
                pass

    async def flood(self, *lines: bytes) -> None:
        """Send these, and read nothing of what comes back."""
        self._writer.write(b"".join(lines))
        await self._writer.drain()

    async def answer(self) -> bytes:
        """The data of the next message that comes, without its headers."""
        async with asyncio.timeout(60):
            while not self._came:
                await self._heard()
        return self._came.popleft()

    async def _heard(self) -> bytes:
        line = await self._reader.readline()
        if line.startswith((b"MSG ", b"HMSG ")):
            words = line.split()
            data = await self._reader.readexactly(int(words[-1]) + 2)
            self._came.append(data[int(words[-2]) if line.startswith(b"HMSG ") else 0 : -2])
        return line


def publish(subject: bytes, data: bytes = b"", *, reply: bytes = b"") -> bytes:
    """One message."""
    return b"PUB %s %s %d\r\n%s\r\n" % (subject, reply, len(data), data)


def publish_with(headers: bytes, subject: bytes, data: bytes, *, reply: bytes) -> bytes:
    """One message with these bytes as its headers."""
    sizes = (len(headers), len(headers) + len(data))
    return b"HPUB %s %s %d %d\r\n%s%s\r\n" % (subject, reply, *sizes, headers, data)


@asynccontextmanager
async def raw_client(url: str, *, user: str = "", password: str = "") -> AsyncIterator[RawClient]:
    """Somebody who is connected during the block, as this user where one is named."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        await reader.readline()
        options: dict[str, object] = {"verbose": False, "headers": True, "no_responders": True}
        if user:
            options |= {"user": user, "pass": password}
        writer.write(b"CONNECT %s\r\n" % json.dumps(options).encode())
        yield RawClient(reader, writer)
    finally:
        writer.close()
