"""How is a port listened on so that nobody who is slow, silent or many keeps others out?

uvicorn speaks HTTP and WebSocket. It waits for ever for the end of a request's head and for a
client to read its answer, and takes every connection: what it lacks is here.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from functools import partial
from typing import Any, Final, cast

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from nervous_system.errors import Fatal

MAX_HEAD_BYTES: Final = 16 * 1024
HEAD_SECONDS: Final = 10.0
"""From the first byte that may begin a request to the last of its head."""
STALLED_SECONDS: Final = 20.0
"""So long a client may read nothing of what waits for it."""
KEEP_ALIVE_SECONDS: Final = 30
MAX_CONNECTIONS: Final = 400
"""Below half of the 1024 files that a process usually has."""
MAX_MESSAGE_BYTES: Final = 4 * 1024
"""Of what a client says on a WebSocket, on which it is to listen."""
DRAIN_SECONDS: Final = 5


class Stake(IntEnum):
    """How much one has to lose that has to go."""

    SILENT = 0  # it waits for the head of a request
    UNHEARD = 1  # it waits for the rest of a body
    UNREAD = 2  # its client does not read the answer
    SERVED = 3


class Connections:
    """The open ones, in the order in which they came. If there are too many, the first has to go of
    those that wait for their client; if none does, the last."""

    def __init__(self, max_open: int = MAX_CONNECTIONS) -> None:
        self._max_open = max_open
        self._open: dict[Connection, None] = {}

    def add(self, connection: Connection) -> None:
        """It is connected; make room for it."""
        self._open[connection] = None
        if len(self._open) > self._max_open:
            others = (each for each in self._open if each is not connection)
            first = min(others, key=lambda each: each.stake, default=connection)
            (first if first.stake < Stake.SERVED else connection).abort()

    def remove(self, connection: Connection) -> None:
        """It is gone, or has become a WebSocket."""
        self._open.pop(connection, None)


class Connection(H11Protocol):
    """One HTTP connection."""

    def __init__(
        self, *given: Any, all_of_them: Connections, head_seconds: float, **named: Any
    ) -> None:
        super().__init__(*given, **named)
        self._all = all_of_them
        self._head_seconds = head_seconds
        self._head: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    @property
    def stake(self) -> Stake:
        """What it waits for."""
        if self.cycle is None or self.cycle.response_complete:
            return Stake.SILENT
        if self.conn.their_state is h11.SEND_BODY:
            return Stake.UNHEARD
        return Stake.SERVED if self._stalled is None else Stake.UNREAD

    def abort(self) -> None:
        """Close it, whatever it waits for."""
        self._all.remove(self)
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._wait_for_head()
        self._all.add(self)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop("_head")
        elif self._head is None and not self.transport.is_closing():
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._gone()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """From here on it belongs to another protocol."""
        self._gone()
        super().handle_websocket_upgrade(event)

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`. What the client doesn't read is not waited for without end."""
        super().pause_writing()
        self._stop("_stalled")
        self._stalled = self.loop.call_later(STALLED_SECONDS, self.abort)

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._stop("_stalled")
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Who has not read the last answer by now will not."""
        if self.transport.get_write_buffer_size():
            self.abort()
        else:
            super().timeout_keep_alive_handler()

    def _wait_for_head(self) -> None:
        self._head = self.loop.call_later(self._head_seconds, self.abort)

    def _gone(self) -> None:
        self._all.remove(self)
        self._stop("_head")
        self._stop("_stalled")

    def _stop(self, timer: str) -> None:
        handle = getattr(self, timer)
        if handle is not None:
            handle.cancel()
            setattr(self, timer, None)


class WebSocket(WebSocketsSansIOProtocol):
    """One WebSocket."""

    _stalled: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        """See `Connection.pause_writing`."""
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(STALLED_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._read_again()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._read_again()
        super().connection_lost(exc)

    def _read_again(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None


class Server(uvicorn.Server):
    """Runs until `should_exit`; the signals are the service's own."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None are."""
        yield


def bound_socket(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises Fatal."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen()  # from now on who comes early waits, and is not refused
        listening.setblocking(False)
    except OSError as error:
        raise Fatal(
            f"cannot listen on {host}:{port} for mission control ({error.strerror}); set"
            " GANGLION_HTTP_PORT to a free port, or to 0 to take any"
        ) from error
    return listening


async def listen(
    application: Any,
    listening: socket.socket,
    *,
    stop: asyncio.Event,
    when_stopping: Callable[[], None] = lambda: None,
    connections: Connections | None = None,
    head_seconds: float = HEAD_SECONDS,
) -> None:
    """Answer until `stop` is set, and then what is being asked, for five seconds at most;
    `when_stopping` ends what would go on for ever."""
    protocol = partial(
        Connection, all_of_them=connections or Connections(), head_seconds=head_seconds
    )
    config = uvicorn.Config(
        application,
        http=cast(type[asyncio.Protocol], protocol),
        ws=WebSocket,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        log_config=None,
        access_log=False,
        lifespan="off",
        # By itself it would believe what somebody on this machine says of where a request is from.
        proxy_headers=False,
        server_header=False,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    # It warns of each request that is none: any stranger could fill the log.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    server = Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]), name="http")
    stopping = asyncio.create_task(stop.wait(), name="stop http")
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        when_stopping()
        server.should_exit = True
        await serving
    finally:
        stopping.cancel()
        serving.cancel()
