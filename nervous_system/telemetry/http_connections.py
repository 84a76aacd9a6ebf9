"""Who is connected to ask one thing, and who has to go when there are too many?

The next one is always let in. An answer is made at once, so whoever has been there for longest asks
nothing, or does not read: that one is closed to make room.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, cast

_END: Final = b"\r\n\r\n"

Respond = Callable[[bytes | None, str], bytes]
"""The whole answer to a request's lines, None where they are none; and the address reached."""


class HttpConnection(asyncio.Protocol):
    """One connection, for one request."""

    def __init__(self, owner: HttpConnections) -> None:
        self._owner = owner
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by name
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(self._owner.seconds, self.abort)
        self._owner.add(self)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._transport is None or self._transport.is_closing():
            return  # it has its answer
        self._received += data
        end = self._received.find(_END)
        if max(end, 0 if end >= 0 else len(self._received)) > self._owner.max_bytes:
            self._answer(None)
        elif end >= 0:
            self._answer(bytes(self._received[: end + len(_END)]))

    def eof_received(self) -> None:
        """See `asyncio.Protocol`."""
        if self._transport is not None and not self._transport.is_closing():
            self._answer(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`. A client that is slow or gone is its own problem."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._owner.remove(self)

    def abort(self) -> None:
        """Close it, whatever it waits for."""
        self._owner.remove(self)
        if self._transport is not None:
            self._transport.abort()

    def _answer(self, head: bytes | None) -> None:
        assert self._transport is not None  # something came
        sockname = self._transport.get_extra_info("sockname")
        own = str(sockname[0]) if isinstance(sockname, tuple) else ""  # a file has no address
        self._transport.write(self._owner.respond(head, own))
        self._transport.close()


class HttpConnections:
    """All connections of one socket; it makes the protocol of the next."""

    def __init__(self, respond: Respond, *, max_open: int, max_bytes: int, seconds: float) -> None:
        self.respond = respond
        self.max_bytes = max_bytes
        self.seconds = seconds
        self._max_open = max_open
        self._open: dict[HttpConnection, None] = {}  # in the order in which they came

    def __call__(self) -> HttpConnection:
        """The next one."""
        return HttpConnection(self)

    def add(self, asker: HttpConnection) -> None:
        """It is connected; make room for it."""
        self._open[asker] = None
        if len(self._open) > self._max_open:
            next(iter(self._open)).abort()

    def remove(self, asker: HttpConnection) -> None:
        """It is gone."""
        self._open.pop(asker, None)

    def close(self) -> None:
        """Close them all."""
        for asker in tuple(self._open):
            asker.abort()
