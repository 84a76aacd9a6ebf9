"""What does somebody hear who does not even speak HTTP as it has to be, or where this server fails?

aiohttp's own answer names no limit, and it logs a page for each: a few lines in a loop would fill
the disk.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import BadStatusLine, InvalidHeader, LineTooLong
from aiohttp.web_protocol import RequestHandler

from embedded_clickhouse.exceptions import ClickHouseError, Code, refusal
from embedded_clickhouse.limits import Limits

_FAILURES_TOLD = 20
"""Failures of this server that are logged with all they say; of the others, each thousandth."""
_logger = logging.getLogger(__name__)


class FrontProtocol(RequestHandler):
    """aiohttp's protocol of one connection, whose refusals are ClickHouse's."""

    failures = 0
    """Of all connections."""

    def __init__(self, manager: Any, *, limits: Limits, version: str, **options: Any) -> None:
        super().__init__(manager, loop=asyncio.get_running_loop(), **options)
        self._front_limits = limits
        self._front_version = version

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer; the connection ends with it."""
        if request.writer.output_size > 0:
            raise ConnectionError("A part of the answer was sent already")
        if status >= 500:
            FrontProtocol.failures += 1
            if FrontProtocol.failures <= _FAILURES_TOLD or FrontProtocol.failures % 1000 == 0:
                _logger.error("failure %d", FrontProtocol.failures, exc_info=exc)
            error = refusal(Code.UNKNOWN_EXCEPTION, "This server failed; its log says how")
        else:
            error = self._refusal(exc, message)
        response = web.Response(
            status=error.status,
            headers={"X-ClickHouse-Exception-Code": str(error.code)},
            text=error.text(version=self._front_version) + "\n",
        )
        response.force_close()
        return response

    def _refusal(self, exc: BaseException | None, message: str | None) -> ClickHouseError:
        limits = self._front_limits
        if isinstance(exc, LineTooLong):
            if exc.args[1] == limits.max_url_bytes:
                return limits.exceeded("max_url_bytes", "The URL is too long")
            return limits.exceeded("max_header_bytes", "A header is too long")
        if "Too many headers" in str(exc):  # aiohttp has no type and no number for it
            return limits.exceeded("max_headers", "The request has too many headers")
        # aiohttp quotes the line, behind the first one of its sentence or in it: a password may be
        # there.
        why = (message or "").partition("\n")[0].rstrip(": ")[:200]
        if isinstance(exc, BadStatusLine | InvalidHeader):
            why = "a line of its head is none, or does not end as one"
        return refusal(Code.BAD_ARGUMENTS, f"This is no HTTP request: {why}")


def front_protocols(
    manager: web.Server, *, limits: Limits, version: str, **options: Any
) -> Callable[[], asyncio.Protocol]:
    """A factory of protocols for aiohttp's server."""
    return lambda: FrontProtocol(manager, limits=limits, version=version, **options)
