"""How do messages get from the socket to a bulk reader, and to it in bulk, without a detour?

For each message nats-py parses the headers, makes an object and goes through a queue and a task:
17 µs, most of it for nothing where thousands are read in order. A subscription that was diverted
gets the bytes at the place where nats-py has just cut them out, 6 µs each; all else is nats-py's.
In the other direction, many ready frames are handed over at once instead of one by one, and go to
the socket without a queue and a task between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.aio.transport import TcpTransport
from nats.errors import ConnectionClosedError, ConnectionDrainingError, OutboundBufferLimitError

from nervous_system.cancelling import heeding
from nervous_system.transport.parser import ServerParser

_log = structlog.get_logger()

MAX_SHOWN_BYTES: Final = 200

Handler = Callable[[bytes, bytes, bytes, bytes], None]
"""Takes subject, reply subject, data and raw headers; must not block."""


class BulkClient(Client):
    """Nats-py's client with diverted subscriptions.

    `_process_msg`, the parser, the pending frames, the transport and the flush queue are not of
    nats-py's public interface; the tests of reading and publishing fail where they change.
    """

    def __init__(self) -> None:
        super().__init__()
        self._ps = ServerParser(self)
        self._raw_subscriptions: dict[int, Handler] = {}
        self._write_is_due = False
        self._refused: dict[str, list[Callable[[Exception], None]]] = {}

    async def request(
        self,
        subject: str,
        payload: bytes = b"",
        timeout: float = 0.5,
        old_style: bool = False,
        headers: dict[str, Any] | None = None,
    ) -> Msg:
        """As nats-py's, which all of JetStream's buckets use; it raises at once what the server
        forbids, too, where nats-py would wait until the time is over."""
        asking = asyncio.ensure_future(
            super().request(subject, payload, timeout, old_style, headers)
        )
        forbidden: list[Exception] = []

        def refuse(error: Exception) -> None:
            forbidden.append(error)
            asking.cancel()

        with self.when_refused(subject, refuse):
            try:
                return await heeding(asking)
            except asyncio.CancelledError:
                if forbidden and asking.cancelled():
                    raise forbidden[0] from None
                raise

    @contextmanager
    def when_refused(self, subject: str, refused: Callable[[Exception], None]) -> Iterator[None]:
        """While the block runs, `refused` is told why the server forbids this user what was sent or
        subscribed to on `subject`."""
        watching = self._refused.setdefault(subject, [])
        watching.append(refused)
        try:
            yield
        finally:
            watching.remove(refused)
            if not watching:
                self._refused.pop(subject, None)

    def refuse(self, subject: str, error: Exception) -> None:
        """Tell those who mind that `subject` is forbidden."""
        for refused in list(self._refused.get(subject, ())):
            refused(error)

    async def wait_settled(self, *, timeout_seconds: float) -> None:
        """Until the server has taken what was sent before, or refused it. Raises TimeoutError.

        nats-py's `flush` sends its question ahead of what waits to be sent.
        """
        pong: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._pongs.append(pong)
        self.send([b"PING\r\n"])
        async with asyncio.timeout(timeout_seconds):
            await asyncio.shield(pong)  # nats-py fails at one that was cancelled

    async def subscribe_raw(
        self, subject: str, handler: Handler, *, queue: str = ""
    ) -> Subscription:
        """Subscribe, and give every message to `handler`, on the event loop; where others listen
        in the same `queue`, one of them gets it. Raises as `subscribe`."""
        subscription = await self.subscribe(subject, queue=queue, cb=_never)
        self._raw_subscriptions[subscription._id] = handler
        return subscription

    async def unsubscribe_raw(self, subscription: Subscription) -> None:
        """End the diversion, and the subscription with it. Raises as `unsubscribe`."""
        self._raw_subscriptions.pop(subscription._id, None)
        if not self.is_closed:
            await subscription.unsubscribe()

    def send(self, frames: Sequence[bytes], *, flush: bool = True) -> None:
        """Publish what `frame.py` made, in one go. Without `flush` they wait for what is sent next.

        Raises as `publish`: nothing is kept while the connection is down.
        """
        if self.is_closed:
            raise ConnectionClosedError
        if self.is_draining_pubs:
            raise ConnectionDrainingError
        if not self.is_connected:
            raise OutboundBufferLimitError
        self._pending.extend(frames)
        self._pending_data_size += sum(map(len, frames))
        if flush and not self._write_is_due:
            self._write_is_due = True
            asyncio.get_running_loop().call_soon(self._write)

    def _write(self) -> None:
        """All that was sent in one turn of the event loop goes out together. nats-py would wake a
        task for it."""
        self._write_is_due = False
        if self.is_connected and isinstance(self._transport, TcpTransport):
            with suppress(RuntimeError):  # uvloop's, in the moment before nats-py sees the loss
                self._transport.writelines(self._pending)  # type: ignore[no-untyped-call]
                self.drop_pending()
        elif self._flush_queue is not None and self._flush_queue.empty():
            self._flush_queue.put_nowait(asyncio.get_running_loop().create_future())

    def drop_pending(self) -> None:
        """Forget what is yet to be sent. Where the connection was lost nats-py would send it over
        the next one, when whoever published it has long been told that it failed."""
        self._pending = []
        self._pending_data_size = 0

    async def _process_msg(
        self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes
    ) -> None:
        handler = self._raw_subscriptions.get(sid)
        try:
            if handler is None:
                await super()._process_msg(sid, subject, reply, data, headers)
            else:
                handler(subject, reply, data, headers)
        except Exception as error:  # noqa: BLE001 - nats-py would read nothing more, without a word
            _log.warning(
                "nats.message_dropped",
                subject=subject[:MAX_SHOWN_BYTES].decode(errors="backslashreplace"),
                reason=f"{type(error).__name__}: {error}"[:MAX_SHOWN_BYTES],
            )


async def _never(message: Msg) -> None:
    """Messages of a diverted subscription do not come here."""
    raise AssertionError(f"nats-py delivered {message.subject} past the diversion")
