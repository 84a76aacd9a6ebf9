"""What does a process answer over HTTP?

One small GET to a loopback address or to a socket file of the home, without a client library.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

from nervous_system.errors import NotRunning
from nervous_system.host.private_socket import connect_privately

_MAX_BYTES: Final = 8 * 1024**2
_AT_A_FILE: Final = "http+unix"
_PIECE_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """Status and body of one answer."""

    status: int
    body: bytes


def url_at(file: Path, path: str) -> str:
    """The URL of `path` at who listens at a socket file."""
    return f"{_AT_A_FILE}://{quote(str(file), safe='')}{path}"


async def http_get(url: str, *, timeout_seconds: float = 2.0) -> HttpResponse:
    """The answer at `url`, which is http or of `url_at`. Raises NotRunning when there is none in
    time."""
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(timeout_seconds):
            return await _exchange(
                parts,
                f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}",
            )
    except (OSError, TimeoutError, asyncio.LimitOverrunError, ValueError) as error:
        if parts.scheme == _AT_A_FILE:
            shown = unquote(parts.netloc)
        else:
            # Without user and password: health addresses have none, but a URL given by hand may.
            shown = f"{parts.scheme}://{_host(parts)}{parts.path}"
        why = str(error) or f"no answer within {timeout_seconds:g} s"
        raise NotRunning(f"nobody answers at {shown} ({why})") from error


def _host(parts: SplitResult) -> str:
    """As the URL has it: an address of IPv6 stays in its brackets."""
    return parts.netloc.rpartition("@")[2]


async def _exchange(parts: SplitResult, target: str) -> HttpResponse:
    if parts.scheme == _AT_A_FILE:
        host = "localhost"
        reader, writer = await connect_privately(Path(unquote(parts.netloc)), limit=_PIECE_BYTES)
    else:
        name, port = parts.hostname or "127.0.0.1", parts.port or 80
        host = _host(parts)
        reader, writer = await asyncio.open_connection(name, port, limit=_PIECE_BYTES)
    try:
        # HTTP/1.0: the server closes when it is done, so there is nothing to parse but the head.
        writer.write(f"GET {target} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        await writer.drain()
        raw = bytearray()
        while chunk := await reader.read(_PIECE_BYTES):
            raw += chunk
            if len(raw) > _MAX_BYTES:
                raise ValueError(f"the answer is larger than {_MAX_BYTES} bytes")
    finally:
        writer.close()
    if not raw:
        raise ValueError("the connection was closed without an answer")
    head, separator, body = bytes(raw).partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    if not separator or len(words) < 2 or not words[1].isdigit():
        raise ValueError("the answer is not HTTP")
    return HttpResponse(int(words[1]), body)
