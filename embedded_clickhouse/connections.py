"""Who is connected, and who has to go when there are too many, or sends nothing?

A connection costs its owner nothing. So the next one is always let in, health checks among them:
where there are too many, those that waited longest without getting to a statement are closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum

from embedded_clickhouse.limits import Limits

_LOOK_SECONDS = 1.0
_YOUNG_SECONDS = 1.0
"""Who came just now may be about to send. Until there are twice as many as allowed it may stay."""


class Stage(IntEnum):
    """What happens on a connection. Where room is needed, those of the lowest stage go first."""

    WAITING = 0
    """For the whole line and headers of a request, or for the client to read a short answer."""
    TAKING = 1
    """Its body comes."""
    WORKING = 2
    """Its statement waits for a place, or runs. It is never closed to make room: the places are
    bounded, and there are more connections than places."""


class FrontConnection(asyncio.Protocol):
    """Stands between a transport and aiohttp's own protocol, and hands everything on."""

    def __init__(self, inner: asyncio.Protocol, owner: Connections) -> None:
        self._inner = inner
        self._owner = owner
        self.transport: asyncio.BaseTransport | None = None
        self.stage = Stage.WAITING
        self.since = 0.0
        """The loop's time at which the stage began."""
        self.head_bytes = 0
        """What came of a request that is not whole yet."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self.transport = transport
        self._inner.connection_made(transport)
        self._owner.add(transport, self)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        if self.transport is not None:
            self._owner.remove(self.transport)
        self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self.stage is Stage.WAITING:
            self._owner.count_head(self, len(data))
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """See `asyncio.Protocol`."""
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._inner.resume_writing()


class Connections:
    """All connections."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: dict[asyncio.BaseTransport, FrontConnection] = {}
        self.closed_for_room = 0
        self.closed_for_silence = 0
        self._head_bytes = 0

    def guard(self, make: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """`make`, aiohttp's factory of protocols, with everything it makes under our eyes."""
        return lambda: FrontConnection(make(), self)

    @contextmanager
    def request(self, transport: asyncio.BaseTransport | None) -> Iterator[Callable[[], None]]:
        """A request is on the connection while the block lasts. It calls what it is given when its
        body has come and its statement is about to run."""
        connection = None if transport is None else self._open.get(transport)
        if connection is None:
            yield lambda: None
            return
        self._enter(connection, Stage.TAKING)
        try:
            yield lambda: self._enter(connection, Stage.WORKING)
        finally:
            self._enter(connection, Stage.WAITING)

    def count_head(self, connection: FrontConnection, count: int) -> None:
        """More of a head has come. Where all of them together are too long, the longest go."""
        connection.head_bytes += count
        self._head_bytes += count
        while self._head_bytes > self._limits.max_heads_bytes and self._open:
            longest = max(self._open.values(), key=lambda each: each.head_bytes)
            self.closed_for_room += 1
            self._close(longest)

    def head_is_whole(self, transport: asyncio.BaseTransport | None) -> None:
        """A request was read on this connection."""
        connection = None if transport is None else self._open.get(transport)
        if connection is not None:
            self._forget_head(connection)

    async def watch(self) -> None:
        """Close what waits for too long, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            late = asyncio.get_running_loop().time() - self._limits.max_head_seconds
            for connection in tuple(self._open.values()):
                if connection.stage is Stage.WAITING and connection.since < late:
                    self.closed_for_silence += 1
                    self._close(connection)
            self._make_room(self._limits.max_connections)

    def add(self, transport: asyncio.BaseTransport, connection: FrontConnection) -> None:
        """There is a new one; make room for it."""
        self._enter(connection, Stage.WAITING)
        self._open[transport] = connection
        self._make_room(self._limits.max_connections)

    def remove(self, transport: asyncio.BaseTransport) -> None:
        """One is gone."""
        connection = self._open.pop(transport, None)
        if connection is not None:
            self._forget_head(connection)

    def _make_room(self, allowed: int) -> None:
        """Close those above `allowed` that may be closed, the one that waited longest first."""
        old = asyncio.get_running_loop().time() - _YOUNG_SECONDS
        while len(self._open) > allowed:
            first = min(self._open.values(), key=lambda each: (each.stage, each.since))
            is_young = first.since > old and len(self._open) <= 2 * allowed
            if first.stage is Stage.WORKING or is_young:
                return
            self.closed_for_room += 1
            self._close(first)

    def _enter(self, connection: FrontConnection, stage: Stage) -> None:
        connection.stage = stage
        connection.since = asyncio.get_running_loop().time()

    def _forget_head(self, connection: FrontConnection) -> None:
        self._head_bytes -= connection.head_bytes
        connection.head_bytes = 0

    def _close(self, connection: FrontConnection) -> None:
        if connection.transport is not None:
            self.remove(connection.transport)
            if isinstance(connection.transport, asyncio.WriteTransport):
                connection.transport.abort()
