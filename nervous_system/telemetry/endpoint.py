"""Where can others read a service's health and metrics? At GET /healthz and /metrics.

A web framework would cost every service of an idle mesh 20 MB for two pages. It answers from the
service's own event loop on purpose: a blocked loop does not answer, and that is an answer. One
request per connection, each bounded in size and time, and only so many at once: where there are
more, who came first goes, so whoever really asks is answered.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from http import HTTPStatus
from pathlib import Path
from typing import Final

import structlog

from nervous_system.browsers import LOOPBACK_NAMES, asks_for_another, comes_from_another_site
from nervous_system.error_text import error_text
from nervous_system.errors import Fatal
from nervous_system.host.private_socket import listen_privately
from nervous_system.telemetry.health import Health
from nervous_system.telemetry.http_connections import HttpConnections
from nervous_system.telemetry.metrics import CONTENT_TYPE, Metrics

_log = structlog.get_logger()

MAX_REQUEST_BYTES: Final = 8192
MAX_CONNECTIONS: Final = 512
"""Of one socket. Half of the 1024 files that a process usually has; and where 10,000 strangers a
second come, whoever asks has 50 ms to say what."""
REQUEST_SECONDS: Final = 5.0

_Answer = tuple[HTTPStatus, str, bytes]


class Endpoint:
    """The listening sockets of one service."""

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
        self._servers: list[asyncio.Server] = []
        self._askers: list[HttpConnections] = []

    async def start(self, *, host: str, port: int) -> int:
        """Listen, on a free port where `port` is 0, and return it.

        Raises Fatal if it is taken.
        """
        try:
            server = await asyncio.get_running_loop().create_server(self._connections(), host, port)
        except OSError as error:
            raise Fatal(
                f"cannot listen on {host}:{port} for /healthz and /metrics ({error.strerror});"
                " set GANGLION_METRICS_PORT to a free port, or to 0 to take any"
            ) from error
        self._servers.append(server)
        bound: int = server.sockets[0].getsockname()[1]
        return bound

    async def start_privately(self, path: Path) -> None:
        """Listen at a socket file, too, for its owner alone: nobody else can crowd it.

        Raises Fatal.
        """
        try:
            server = await asyncio.get_running_loop().create_unix_server(
                self._connections(), sock=listen_privately(path)
            )
        except OSError as error:
            raise Fatal(
                f"cannot listen at {path} for /healthz ({error.strerror}); end what listens there,"
                " or set GANGLION_HEALTH_SOCKET to a file in a folder that you may write to"
            ) from error
        self._servers.append(server)

    async def close(self) -> None:
        """Stop listening and end what is still being answered."""
        for server in self._servers:
            server.close()
        for askers in self._askers:
            askers.close()
        for server in self._servers:
            await server.wait_closed()

    def _connections(self) -> HttpConnections:
        """Those of one more socket. Each has places of its own."""
        self._askers.append(
            HttpConnections(
                self._respond,
                max_open=MAX_CONNECTIONS,
                max_bytes=MAX_REQUEST_BYTES,
                seconds=self._request_seconds,
            )
        )
        return self._askers[-1]

    def _respond(self, head: bytes | None, own: str) -> bytes:
        method, (status, kind, body) = self._read_and_answer(head, own=own)
        lines = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
        )
        return lines.encode() + (b"" if method == "HEAD" else body)

    def _read_and_answer(self, head: bytes | None, *, own: str) -> tuple[str, _Answer]:
        """The method and the answer. `own` is the address that was reached: whoever asks by an
        address was not led here by a name."""
        if head is None:
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
