"""How does one of a thousand read a few subjects of the log? Without a consumer: a stream has a
thousand of them at most, and its services need some.

An ordinary subscription gets what is published on a stream's subjects, too. It serves as a bell: it
may miss something, or ring for what the log refuses. What is said is read from the log itself, one
message after the other, from the last known position on: at the start, whenever the bell rings,
after a reconnect, and now and then.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Final, Self

import nats.errors
from nats.aio.subscription import Subscription

from nervous_system import names
from nervous_system.contract.header_block import parse_headers
from nervous_system.contract.stored import Stored
from nervous_system.errors import GanglionError
from nervous_system.transport.connection import Connection, translate_errors
from nervous_system.transport.stream import Stream

REST_SECONDS: Final = 60.0
"""How long it relies on the bell."""

FIRST_LOOK_SECONDS: Final = 0.002
LAST_LOOK_SECONDS: Final = 3.0
"""The bell rings before the log has stored what it rings for. One looks again and again, each time
after twice as long; what was not there after about 6 s was refused."""

CHECK_SECONDS: Final = 1.0
"""How late a reconnect is noticed at most."""

MAX_READ: Final = 100
"""Positions in one look."""

MAX_REMEMBERED: Final = 100
"""Ids of what rang or was read."""


class _Subject:
    """How far one of them is read."""

    def __init__(self, stream: Stream, name: str, since: datetime) -> None:
        self.name = name
        self.due = True  # it is worth a look
        self.waiting: Stored | None = None  # read, and not handed out yet
        self.announced: set[str] = set()  # ids that rang the bell and are not read yet
        self._stream = stream
        self._since = since
        self._next: int | None = None  # the position to go on from, where it is known
        self._read: deque[str] = deque(maxlen=MAX_REMEMBERED)

    def look_anew(self) -> None:
        """By time: positions may mean something else by now."""
        self.due, self._next = True, None
        self.waiting = None

    def announce(self, message_id: str) -> None:
        """It will be here soon."""
        self.due = True
        if message_id not in self._read and len(self.announced) < MAX_REMEMBERED:
            self.announced.add(message_id)

    async def fill(self) -> None:
        """Read on, where nothing waits. Raises as `Stream.next_on`."""
        if self.waiting is not None or not self.due:
            return
        self.due = False
        try:
            if self._next is None:
                found = await self._stream.first_since(self._since, self.name)
            else:
                found = await self._stream.next_on(self.name, at_least=self._next)
        except BaseException:
            self.due = True
            raise
        if found is not None:
            self.due = True
            self.waiting = found

    def take(self) -> Stored:
        """What waits."""
        stored, self.waiting = self.waiting, None
        assert stored is not None
        self._next, self._since = stored.sequence + 1, stored.recorded_at
        message_id = stored.message_id or ""  # whatever rang without one is taken for this
        self._read.append(message_id)
        self.announced -= {message_id, ""}
        return stored


class SubjectFeed:
    """What is stored on some subjects since a moment, in order. Positions may come again, as after
    a reconnect: whoever reads must bear it.

        async with SubjectFeed(connection, stream, subjects, since=moment) as feed:
            while True:
                for stored in await feed.look(): ...
                await feed.rest()
    """

    def __init__(
        self,
        connection: Connection,
        stream: Stream,
        subjects: Sequence[str],
        *,
        since: datetime,
    ) -> None:
        self._connection = connection
        self._subjects = {name: _Subject(stream, name, since) for name in subjects}
        self._generation = connection.generation
        self._wakeup = asyncio.Event()
        self._pause_seconds = FIRST_LOOK_SECONDS
        self._subscriptions: list[Subscription] = []

    async def __aenter__(self) -> Self:
        with translate_errors("listening for what is said"):
            for name in self._subjects:
                self._subscriptions.append(
                    await self._connection.client.subscribe_raw(name, self._rung)
                )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with suppress(nats.errors.Error):
            for each in self._subscriptions:
                await self._connection.client.unsubscribe_raw(each)

    @property
    def at_end(self) -> bool:
        """Whether everything that was on the log at the last look has been handed out."""
        return not any(each.due and not each.announced for each in self._subjects.values())

    async def look(self, *, max_messages: int = MAX_READ) -> list[Stored]:
        """What is there by now, at most so many. Raises Unavailable, NotAcknowledged, Forbidden."""
        if self._connection.generation != self._generation:
            self._generation = self._connection.generation
            self._look_anew()
        found: list[Stored] = []
        while len(found) < max_messages:
            try:
                for each in self._subjects.values():
                    await each.fill()
            except GanglionError:
                if not found:
                    raise
                break  # what was taken is handed out first
            waiting = {
                each.waiting.sequence: each for each in self._subjects.values() if each.waiting
            }
            if not waiting:
                break
            found.append(waiting[min(waiting)].take())
        return found

    async def rest(self) -> None:
        """Until it is worth another look."""
        if not self.at_end:
            return
        if self._has_announcement:
            await self._rest_shortly()
            return
        self._pause_seconds = FIRST_LOOK_SECONDS
        until = asyncio.get_running_loop().time() + REST_SECONDS
        while self._connection.generation == self._generation:
            left = until - asyncio.get_running_loop().time()
            if left <= 0:
                self._look_anew()
                return
            if await self._rings(within_seconds=min(left, CHECK_SECONDS)):
                await asyncio.sleep(FIRST_LOOK_SECONDS)
                return

    async def _rest_shortly(self) -> None:
        """For what was announced and is not there yet."""
        if await self._rings(within_seconds=self._pause_seconds):
            self._pause_seconds = FIRST_LOOK_SECONDS
            await asyncio.sleep(FIRST_LOOK_SECONDS)
        else:
            self._pause_seconds *= 2
        for each in self._subjects.values():
            each.due = each.due or bool(each.announced)
            if self._pause_seconds > LAST_LOOK_SECONDS:
                each.announced.clear()

    async def _rings(self, *, within_seconds: float) -> bool:
        """Whether it did since this was asked last, or does now."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                await self._wakeup.wait()
        rang = self._wakeup.is_set()
        self._wakeup.clear()
        return rang

    @property
    def _has_announcement(self) -> bool:
        return any(each.announced for each in self._subjects.values())

    def _look_anew(self) -> None:
        for each in self._subjects.values():
            each.look_anew()

    def _rung(self, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        rung = self._subjects.get(subject.decode(errors="replace"))
        if rung is not None:
            rung.announce(parse_headers(headers).get(names.MESSAGE_ID, ""))
            self._wakeup.set()
