"""How is the log read in order, fast, without anything slipping by?

An ordered pull consumer that the server forgets by itself: one long-lived pull request keeps
messages flowing into a bounded buffer, every position in the consumer's own count is checked, and
any discontinuity (a gap, a reconnect, a consumer that was deleted, silence where heartbeats should
be) ends the reading with `Interrupted`. Whoever reads knows what it has, checks what it must, and
opens the next reader after that: nothing is resumed behind its back.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from nats.aio.subscription import Subscription

from nervous_system import names
from nervous_system.contract.header_block import parse_headers
from nervous_system.contract.stored import Stored
from nervous_system.errors import Forbidden, NotAcknowledged, Transient, Unavailable
from nervous_system.ids import new_event_id
from nervous_system.transport.connection import Connection, translate_errors

PULL_EXPIRES_SECONDS = 30
HEARTBEAT_SECONDS = 5
ANSWER_SECONDS = 1.0
"""After so long without a word since a pull the server is asked whether the consumer still lives: a
pull that meets its deletion can be lost without an answer."""

BUFFER_MESSAGES = 20_000

FORGET_SECONDS = 60
"""After so long without a request the server removes the consumer."""

_NANOSECONDS = 1_000_000_000


class Interrupted(Transient):
    """Reading stopped at a discontinuity; open a new reader after the last position you have."""


class Reader:
    """
    Positions of the log in order, from a start onward, live after the end is reached.

    `buffer_messages` and `buffer_bytes` bound what is held here, so a slow user of the reader
    slows the reading down and never loses a message. `filled` is set whenever something came, for
    those who wait for something else, too. Use as `async with Reader(...) as reader: batch = await
    reader.batch(...)`.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        stream: str = names.STREAM,
        start_sequence: int | None = None,
        start_time: datetime | None = None,
        subjects: Sequence[str] = (),
        headers_only: bool = False,
        buffer_messages: int = BUFFER_MESSAGES,
        buffer_bytes: int = 64 * 1024**2,
        filled: asyncio.Event | None = None,
    ) -> None:
        self._connection = connection
        self._stream = stream
        self._configuration = _configuration(
            start_sequence=start_sequence,
            start_time=start_time,
            subjects=subjects,
            headers_only=headers_only,
        )
        self._buffer_messages = buffer_messages
        self._buffer_bytes = buffer_bytes
        self._buffer: deque[Stored] = deque()
        self._buffered_bytes = 0
        self._requested = 0  # messages the server may still send on the pull request in force
        self._delivered = 0  # by the consumer's own count
        self._filled = filled or asyncio.Event()
        self._interruption: Interrupted | Forbidden | None = None
        self._minding = ExitStack()  # whether the server forbids a pull
        self._time = asyncio.get_running_loop().time
        self._last_heard = 0.0
        self._last_news = 0.0  # when the number of what is behind was last heard, or asked for
        self._pulled = 0.0  # when; 0 once the server was asked about it
        self._generation = connection.generation
        self._name = ""
        self._inbox = ""
        self._subscription: Subscription | None = None
        self.pending = 0  # positions behind the last one that was received

    async def __aenter__(self) -> Reader:
        self._name = f"reader_{new_event_id().replace('-', '')[:16]}"
        self._inbox = self._connection.client.new_inbox()
        with translate_errors("opening a reader"):
            self._subscription = await self._connection.client.subscribe_raw(
                self._inbox, self._receive
            )
        try:
            created = await self._connection.request_json(
                f"$JS.API.CONSUMER.CREATE.{self._stream}.{self._name}",
                {
                    "stream_name": self._stream,
                    "config": {**self._configuration, "name": self._name},
                    "action": "create",
                },
            )
            self.pending = created["num_pending"]
            self._last_heard = self._last_news = self._time()
            pulls = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._name}"
            self._minding.enter_context(self._connection.client.when_refused(pulls, self._refuse))
            await self._pull()
        except BaseException:
            await self._forget()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._forget()

    async def _forget(self) -> None:
        """Give the subscription back, and the consumer where the server can be told of it."""
        self._minding.close()
        client, subscription = self._connection.client, self._subscription
        if subscription is None or client.is_closed:
            return
        with translate_errors("closing a reader"):
            await client.unsubscribe_raw(subscription)
            if client.is_connected:  # otherwise the server forgets it by itself
                await client.publish(f"$JS.API.CONSUMER.DELETE.{self._stream}.{self._name}", b"")

    @property
    def at_end(self) -> bool:
        """Whether everything that was on the log at the last word from the server has been handed
        out."""
        return not self._buffer and self.pending == 0

    @property
    def backlog(self) -> int:
        """How many positions are known to be waiting, here and on the server."""
        return len(self._buffer) + self.pending

    async def batch(
        self, *, max_messages: int, within_seconds: float, max_bytes: int | None = None
    ) -> list[Stored]:
        """Up to `max_messages` positions; waits at most `within_seconds` for the first, then takes
        what is there.

        Raises Interrupted once everything received before the discontinuity was handed out,
        Forbidden where this user may not read.
        """
        deadline = self._time() + within_seconds
        while not self._buffer:
            await self._check_silence(self._time())
            if self._interruption is not None:
                raise self._interruption
            await self._pull_when_low()
            left = deadline - self._time()
            if left <= 0:
                return []
            self._filled.clear()
            with suppress(TimeoutError):
                # Not `wait_for`: before Python 3.12 it loses a cancellation that meets an arrival.
                async with asyncio.timeout(min(left, 1.0)):
                    await self._filled.wait()
        taken = self._take(max_messages, max_bytes)
        await self._pull_when_low()
        return taken

    async def __aiter__(self) -> AsyncIterator[Stored]:
        while True:
            for stored in await self.batch(max_messages=1000, within_seconds=3600.0):
                yield stored

    def _take(self, max_messages: int, max_bytes: int | None) -> list[Stored]:
        taken: list[Stored] = []
        size = 0
        while self._buffer and len(taken) < max_messages:
            size += len(self._buffer[0].data)
            if max_bytes is not None and taken and size > max_bytes:
                break
            stored = self._buffer.popleft()
            self._buffered_bytes -= len(stored.data)
            taken.append(stored)
        return taken

    async def _check_silence(self, now: float) -> None:
        if self._connection.generation != self._generation:
            self._interrupt("the connection to NATS was lost")
        elif now - self._last_heard > 3 * HEARTBEAT_SECONDS:
            self._interrupt(f"no heartbeat for {now - self._last_heard:.0f} s")
        elif self._last_heard < self._pulled < now - ANSWER_SECONDS:
            self._pulled = 0.0
            await self._look_for_consumer()
        elif self.pending and now - self._last_news > ANSWER_SECONDS:
            # What was removed from the stream meanwhile does not come, and nobody says so.
            await self._look_for_consumer()

    async def _look_for_consumer(self) -> None:
        self._last_news = self._time()
        # No answer, and no permission to ask, say nothing: silence is found out in any case.
        with suppress(NotAcknowledged, Forbidden):
            try:
                found = await self._connection.request_json(
                    f"$JS.API.CONSUMER.INFO.{self._stream}.{self._name}",
                    {},
                    timeout_seconds=ANSWER_SECONDS,
                )
            except Unavailable as error:
                self._interrupt(str(error))
            else:
                if found["delivered"]["consumer_seq"] == self._delivered:  # nothing is on its way
                    self.pending = found["num_pending"]

    def _interrupt(self, reason: str) -> None:
        if self._interruption is None:
            self._interruption = Interrupted(f"reading {self._stream} was interrupted: {reason}")
            self._filled.set()

    def _refuse(self, error: Exception) -> None:
        if isinstance(error, Forbidden):
            self._interruption = error
            self._filled.set()

    async def _pull_when_low(self) -> None:
        if (
            self._interruption is None
            and self._requested <= self._buffer_messages // 4
            and len(self._buffer) <= self._buffer_messages // 2
            and self._buffered_bytes <= self._buffer_bytes // 2
        ):
            await self._pull()

    async def _pull(self) -> None:
        room = self._buffer_messages - len(self._buffer) - self._requested
        if room <= 0:
            return
        body = {
            "batch": room,
            "max_bytes": self._buffer_bytes,
            "expires": PULL_EXPIRES_SECONDS * _NANOSECONDS,
            "idle_heartbeat": HEARTBEAT_SECONDS * _NANOSECONDS,
        }
        self._requested += room
        self._pulled = self._time()
        with translate_errors("a pull"):
            await self._connection.client.publish(
                f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._name}",
                json.dumps(body).encode(),
                reply=self._inbox,
            )

    def _receive(self, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        self._last_heard = self._time()
        # $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time ns>.<pending>,
        # or with <domain>.<account hash> before the stream and a token behind the end.
        tokens = reply.split(b".")
        if tokens[0] != b"$JS":
            self._receive_status(parse_headers(headers))
            return
        offset = 2 if len(tokens) > 9 else 0
        self._delivered += 1
        if int(tokens[6 + offset]) != self._delivered:
            self._interrupt(f"a gap in front of position {int(tokens[5 + offset])}")
            return
        self._requested -= 1
        self._last_news = self._last_heard
        self.pending = int(tokens[8 + offset])
        self._buffered_bytes += len(data)
        self._buffer.append(
            Stored(
                int(tokens[5 + offset]),
                subject.decode(errors="replace"),
                int(tokens[7 + offset]),
                data,
                headers or b"",
            )
        )
        self._filled.set()

    def _receive_status(self, headers: dict[str, str]) -> None:
        status, description = headers.get("Status", ""), headers.get("Description", "")
        if status == "100":
            return
        if status == "408" or description in names.PULL_REQUEST_ENDED:
            # The request ran out of time or bytes; what it had left will not come.
            self._requested = max(0, self._requested - int(headers.get("Nats-Pending-Messages", 0)))
            self._filled.set()
            return
        self._interrupt(f"the server said {status} {description}")


def _configuration(
    *,
    start_sequence: int | None,
    start_time: datetime | None,
    subjects: Sequence[str],
    headers_only: bool,
) -> dict[str, Any]:
    configuration: dict[str, Any] = {
        "ack_policy": "none",
        "replay_policy": "instant",
        "mem_storage": True,
        "num_replicas": 1,
        "inactive_threshold": FORGET_SECONDS * _NANOSECONDS,
        "headers_only": headers_only,
    }
    if start_sequence is not None:
        configuration |= {
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": max(1, start_sequence),
        }
    elif start_time is not None:
        moment = start_time.astimezone(UTC).isoformat().replace("+00:00", "Z")
        configuration |= {"deliver_policy": "by_start_time", "opt_start_time": moment}
    else:
        configuration["deliver_policy"] = "new"
    if len(subjects) == 1:
        configuration["filter_subject"] = subjects[0]
    elif subjects:
        configuration["filter_subjects"] = list(subjects)
    return configuration
