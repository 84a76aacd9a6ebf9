"""How does a leader hear what it is asked, and how does it answer?

A request is an event that the asker made: its id tells a repetition, its trace goes on in what it
leads to. It stands on the log only if it led to something.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final, Self

import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.swarm_event_pb2 import TYPE_REQUEST
from nervous_system.bus import Bus
from nervous_system.contract.codec import decode
from nervous_system.contract.event import Event
from nervous_system.errors import InvalidEvent, Unreadable
from nervous_system.transport.frame import frame

MOST_WAITING: Final = 10_000
"""More are told to ask again: whoever waits longer than its deadline has gone."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, and where its answer goes."""

    event: Event
    reply: str


class Inbox:
    """The requests on one subject, while the block runs: whoever leads is the one that is asked."""

    def __init__(self, bus: Bus, subject: str, *, some: asyncio.Event) -> None:
        self._bus = bus
        self._subject = subject
        self._some = some  # set whenever a request waits
        self._waiting: deque[tuple[bytes, str]] = deque()  # as they came, and where answers go
        self._subscription: Subscription | None = None

    async def __aenter__(self) -> Self:
        client = self._bus.connection.client
        self._subscription = await client.subscribe(self._subject, cb=_never)
        client.divert(self._subscription, self._arrived)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        client = self._bus.connection.client
        if self._subscription is not None:
            client.restore(self._subscription)
            if not client.is_closed:
                await self._subscription.unsubscribe()
        gone = not_now("this overseer no longer leads")
        self._reply([(reply, gone) for _, reply in self._waiting])
        self._waiting.clear()

    def take(self, most: int, *, most_bytes: int) -> list[Asked]:
        """Up to `most` of those that wait, the oldest first; fewer where they are large. What
        cannot be read, or is nothing to ask for, is refused here."""
        taken: list[Asked] = []
        refused: list[tuple[str, Answer]] = []
        size = 0
        while self._waiting and len(taken) < most:
            size += len(self._waiting[0][0])
            if taken and size > most_bytes:
                break
            data, reply = self._waiting.popleft()
            try:
                taken.append(Asked(self._read(data), reply))
            except (Unreadable, InvalidEvent) as error:
                refused.append((reply, Answer(accepted=False, reasons=[str(error)])))
        if not self._waiting:
            self._some.clear()
        self._reply(refused)
        return taken

    def answer(self, answers: Iterable[tuple[Asked, Answer]]) -> None:
        """Tell the askers; one that has gone, or cannot be told, will ask again or does not
        care."""
        self._reply([(asked.reply, answer) for asked, answer in answers])

    def _arrived(self, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        if not reply:
            return  # nobody waits for an answer; what must be kept is published to the log
        if len(self._waiting) >= MOST_WAITING:
            self._reply([(reply.decode(), not_now(f"{MOST_WAITING} others wait already"))])
            return
        self._waiting.append((bytes(data), reply.decode()))
        self._some.set()

    def _read(self, data: bytes) -> Event:
        event = decode(data)
        if event.event_type != TYPE_REQUEST:
            raise InvalidEvent([f"{event.kind.field} is not something to ask for"])
        if self._bus.redactor.suspects(data):
            payload, _ = self._bus.redactor.payload(event.payload)
            event = replace(event, payload=payload)
        return event

    def _reply(self, answers: Sequence[tuple[str, Answer]]) -> None:
        frames = [frame(reply, answer.SerializeToString()) for reply, answer in answers]
        with suppress(nats.errors.Error):
            self._bus.connection.client.send(frames)


async def _never(message: Msg) -> None:
    """Messages of a diverted subscription do not come here."""
    raise AssertionError(f"nats-py delivered {message.subject} past the diversion")


def not_now(reason: str) -> Answer:
    """The answer of one that cannot decide at this moment."""
    return Answer(accepted=False, again=True, reasons=[reason])
