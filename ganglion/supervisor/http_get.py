"""What does a process answer over HTTP?

One small GET to a loopback address, without a client library.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from ganglion.errors import NotRunning

_MAX_BYTES: Final = 8 * 1024**2


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body of one answer."""

    status: int
    body: bytes


async def http_get(url: str, *, timeout_seconds: float = 2.0) -> Answer:
    """The answer at `url` (http only). Raises NotRunning when there is none in time."""
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(timeout_seconds):
            return await _exchange(
                parts.hostname or "127.0.0.1",
                parts.port or 80,
                f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}",
            )
    except (OSError, TimeoutError, asyncio.LimitOverrunError, ValueError) as error:
        # Without user and password: health addresses have none, but a URL given by hand may.
        shown = f"{parts.scheme}://{parts.hostname}:{parts.port}{parts.path}"
        why = str(error) or f"no answer within {timeout_seconds:g} s"
        raise NotRunning(f"nobody answers at {shown} ({why})") from error


async def _exchange(host: str, port: int, target: str) -> Answer:
    reader, writer = await asyncio.open_connection(host, port, limit=64 * 1024)
    try:
        # HTTP/1.0: the server closes when it is done, so there is nothing to parse but the head.
        writer.write(f"GET {target} HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n".encode())
        await writer.drain()
        raw = bytearray()
        while chunk := await reader.read(64 * 1024):
            raw += chunk
            if len(raw) > _MAX_BYTES:
                raise ValueError(f"the answer is larger than {_MAX_BYTES} bytes")
    finally:
        writer.close()
    head, separator, body = bytes(raw).partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    if not separator or len(words) < 2 or not words[1].isdigit():
        raise ValueError("the answer is not HTTP")
    return Answer(int(words[1]), body)
