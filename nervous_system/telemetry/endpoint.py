"""Where can others read a service's health and metrics? At GET /healthz and /metrics.

A web framework would cost every service of an idle mesh 20 MB for two pages. It answers from the
service's own event loop on purpose: a blocked loop does not answer, and that is an answer. One
request per connection, each bounded in size and time, and only so many at once.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from contextlib import suppress
from http import HTTPStatus
from typing import Final

import structlog

from nervous_system.browsers import LOOPBACK_NAMES, asks_for_another, comes_from_another_site
from nervous_system.error_text import error_text
from nervous_system.errors import Fatal
from nervous_system.telemetry.health import Health
from nervous_system.telemetry.metrics import CONTENT_TYPE, Metrics

_log = structlog.get_logger()

MAX_REQUEST_BYTES: Final = 8192
MAX_CONNECTIONS: Final = 32
REQUEST_SECONDS: Final = 5.0

_Answer = tuple[HTTPStatus, str, bytes]


class Endpoint:
    """A listening socket of one service."""

    def __init__(
        self,
        *,
        health: Health,
        metrics: Metrics,
        names: Collection[str] = (),  # that others ask it by, besides the loopback's
        request_seconds: float = REQUEST_SECONDS,
    ) -> None:
        self._health = health
        self._metrics = metrics
        self._names = LOOPBACK_NAMES | {name.lower() for name in names}
        self._request_seconds = request_seconds
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def start(self, *, host: str, port: int) -> int:
        """Listen, on a free port where `port` is 0, and return it.

        Raises Fatal if it is taken.
        """
        try:
            self._server = await asyncio.start_server(
                self._accept, host, port, limit=MAX_REQUEST_BYTES
            )
        except OSError as error:
            raise Fatal(
                f"cannot listen on {host}:{port} for /healthz and /metrics ({error.strerror});"
                " set GANGLION_METRICS_PORT to a free port, or to 0 to take any"
            ) from error
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Stop listening and end what is still being answered."""
        if self._server is not None:
            self._server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)
            await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= MAX_CONNECTIONS:
            writer.transport.abort()
            return
        # A coroutine here would become a task of asyncio's own, which 3.11 cannot see cancelled.
        task = asyncio.create_task(self._serve(reader, writer), name="endpoint")
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            # A client that is slow or gone is its own problem: nothing of ours failed.
            with suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(self._request_seconds):
                    method, (status, kind, body) = await self._read_and_answer(
                        reader, own=str(writer.get_extra_info("sockname")[0])
                    )
                    head = (
                        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
                        f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
                        "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
                    )
                    writer.write(head.encode() + (b"" if method == "HEAD" else body))
                    await writer.drain()
                    writer.close()
                    await writer.wait_closed()
        finally:
            writer.transport.abort()  # no effect where it was closed in good order

    async def _read_and_answer(
        self, reader: asyncio.StreamReader, *, own: str
    ) -> tuple[str, _Answer]:
        """The method and the answer. `own` is the address that was reached: whoever asks by an
        address was not led here by a name."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return "GET", _plain(HTTPStatus.BAD_REQUEST, "not an HTTP request of at most 8 KiB")
        words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return "GET", _plain(HTTPStatus.BAD_REQUEST, "not an HTTP/1 request")
        method, target, _ = words
        if method not in ("GET", "HEAD"):
            return method, _plain(HTTPStatus.METHOD_NOT_ALLOWED, "GET and HEAD only")
        refused = self._refusal(head, target, own)
        if refused is not None:
            return method, refused
        try:
            return method, self._answer(target.split("?", 1)[0])
        except Exception as error:  # noqa: BLE001 - a broken fact is an answer: 500
            _log.error("endpoint.failed", path=target, exception=error_text(error))
            return method, _plain(
                HTTPStatus.INTERNAL_SERVER_ERROR, f"{type(error).__name__}: {error}"
            )

    def _refusal(self, head: bytes, target: str, own: str) -> _Answer | None:
        if not target.startswith("/"):
            return _plain(HTTPStatus.BAD_REQUEST, "no proxy: name a path, not a whole address")
        found: dict[str, list[str]] = {}
        for line in head.decode("latin-1").split("\r\n")[1:-2]:
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip() or "\n" in line or "\r" in line:
                return _plain(HTTPStatus.BAD_REQUEST, "a header is no line of a name and a value")
            found.setdefault(name.lower(), []).append(value.strip(" \t"))
        hosts = found.get("host", [])
        problem = asks_for_another(hosts, self._names | {own})
        if problem:
            remedy = "Ask it by its address, or name it in GANGLION_METRICS_NAMES."
            return _plain(HTTPStatus.MISDIRECTED_REQUEST, f"{problem} {remedy}")
        problem = comes_from_another_site(
            host=hosts[0],
            origins=found.get("origin", []),
            sites=found.get("sec-fetch-site", []),
        )
        return _plain(HTTPStatus.FORBIDDEN, problem) if problem else None

    def _answer(self, path: str) -> _Answer:
        if path == "/healthz":
            report = self._health.report()
            status = HTTPStatus.OK if report.ok else HTTPStatus.SERVICE_UNAVAILABLE
            return status, "application/json", json.dumps(report.document()).encode() + b"\n"
        if path == "/metrics":
            return HTTPStatus.OK, CONTENT_TYPE, self._metrics.exposition()
        return _plain(HTTPStatus.NOT_FOUND, "there are /healthz and /metrics")


def _plain(status: HTTPStatus, text: str) -> _Answer:
    return status, "text/plain; charset=utf-8", f"{text}\n".encode()
