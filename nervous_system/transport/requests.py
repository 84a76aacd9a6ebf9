"""How does a request get its reply without a detour?

nats-py hands each reply through a queue, a task and two futures. Here the one inbox of a connection
is diverted, and a reply wakes whoever waits for it: half the time of the processor, and fewer
turns of the event loop in the way of everything that is published.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection, Mapping
from typing import Final, NamedTuple

from nats.errors import NoRespondersError

from nervous_system.transport.bulk_client import BulkClient
from nervous_system.transport.frame import frame

_STATUS: Final = b"NATS/1.0 "
OPEN_SECONDS: Final = 5.0
_NO_RESPONDERS: Final = b"NATS/1.0 503"
_STORED: Final = b"\r\nNats-Time-Stamp: "


class Reply(NamedTuple):
    """What came back."""

    data: bytes
    raw_headers: bytes  # as they travelled

    @property
    def is_status(self) -> bool:
        """Whether it is the server's word on the request, and no message. One of the log may begin
        as such a word does: the server takes that away only where a line end follows."""
        return self.raw_headers.startswith(_STATUS) and _STORED not in self.raw_headers


Believed = Callable[[Reply], bool]
"""Whether a reply is from one who may answer."""


class _Waiting(NamedTuple):
    subjects: Collection[str]  # on which something was sent that the reply is about
    reply: asyncio.Future[Reply]
    believed: Believed | None  # what anybody else sends is left out


class Requests:
    """The requests on one connection that wait for their replies."""

    def __init__(self, client: BulkClient) -> None:
        self._client = client
        self._inbox = ""
        self._waiting: dict[bytes, _Waiting] = {}  # by the end of the subject they are answered on

    async def open(self) -> None:
        """Listen for replies; once, when the connection stands. Raises as
        `BulkClient.subscribe_raw` and `wait_settled`, and what `refuse` was told where this is
        forbidden."""
        self._inbox = self._client.new_inbox()
        refused: list[Exception] = []
        with self._client.when_refused(f"{self._inbox}.*", refused.append):
            await self._client.subscribe_raw(f"{self._inbox}.*", self._on_message)
            await self._client.wait_settled(timeout_seconds=OPEN_SECONDS)
        if refused:
            raise refused[0]

    async def request(
        self,
        subject: str,
        data: bytes,
        *,
        headers: Mapping[str, str],
        timeout_seconds: float,
        also: Collection[str] = (),  # the subjects of what goes before it in an atomic batch
        believed: Believed | None = None,
    ) -> Reply:
        """Send and wait, for a reply that is `believed`. Raises TimeoutError, and NoRespondersError
        where nobody listens; as `BulkClient.send` and `refuse` otherwise."""
        # Agents that share a user hear each other's replies: whoever could tell the next subject
        # would have the server answer him there, and that would pass for the answer to us.
        token = secrets.token_hex(8).encode()
        future = asyncio.get_running_loop().create_future()
        waiting = _Waiting((subject, *also), future, believed)
        self._waiting[token] = waiting
        try:
            reply_to = f"{self._inbox}.{token.decode()}"
            self._client.send([frame(subject, data, headers=headers, reply=reply_to)])
            async with asyncio.timeout(timeout_seconds):
                reply = await waiting.reply
        finally:
            del self._waiting[token]
        if reply.is_status and reply.raw_headers.startswith(_NO_RESPONDERS):
            raise NoRespondersError
        return reply

    def refuse(self, subject: str, error: Exception) -> None:
        """End those that wait for an answer about `subject` with `error`."""
        for waiting in self._waiting.values():
            if not waiting.reply.done() and any(each == subject for each in waiting.subjects):
                waiting.reply.set_exception(error)

    def _on_message(self, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        waiting = self._waiting.get(subject[subject.rindex(b".") + 1 :])
        if waiting is None or waiting.reply.done():
            return  # whoever asked has gone
        arrived = Reply(bytes(data), bytes(headers or b""))
        if arrived.is_status:
            waiting.reply.set_result(arrived)
        elif waiting.believed is not None and not waiting.believed(arrived):
            return  # a stranger's; who is asked may still answer
        else:
            waiting.reply.set_result(arrived)
