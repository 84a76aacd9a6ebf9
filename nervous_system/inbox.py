"""How does a leader hear what it is asked, and how does it answer?

A request is an event that the asker made: its id tells a repetition, its trace goes on in what it
leads to. It stands on the log only if it led to something.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final, Self

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.swarm_event_pb2 import TYPE_REQUEST
from nervous_system.bus import Bus
from nervous_system.codec import decode
from nervous_system.errors import InvalidEvent, Unreadable
from nervous_system.event import Event

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
        self._waiting: deque[Asked] = deque()
        self._subscription: Subscription | None = None

    async def __aenter__(self) -> Self:
        self._subscription = await self._bus.connection.client.subscribe(
            self._subject, cb=self._arrived
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._subscription is not None and not self._bus.connection.client.is_closed:
            await self._subscription.unsubscribe()
        for asked in self.take(len(self._waiting)):
            await self.answer(asked, not_now("this overseer no longer leads"))

    def take(self, most: int) -> list[Asked]:
        """Up to `most` of those that wait, the oldest first."""
        count = min(most, len(self._waiting))
        taken = [self._waiting.popleft() for _ in range(count)]
        if not self._waiting:
            self._some.clear()
        return taken

    async def answer(self, asked: Asked, answer: Answer) -> None:
        """Tell the asker; one that has gone will ask again or does not care."""
        client = self._bus.connection.client
        if not client.is_closed:
            await client.publish(asked.reply, answer.SerializeToString())

    async def _arrived(self, message: Msg) -> None:
        if not message.reply:
            return  # nobody waits for an answer; what must be kept is published to the log
        try:
            event = decode(message.data)
            if event.event_type != TYPE_REQUEST:
                raise InvalidEvent([f"{event.kind.field} is not something to ask for"])
        except (Unreadable, InvalidEvent) as error:
            refusal = Answer(accepted=False, reasons=[str(error)])
            await self._bus.connection.client.publish(message.reply, refusal.SerializeToString())
            return
        if self._bus.redactor.suspects(message.data):
            payload, _ = self._bus.redactor.payload(event.payload)
            event = replace(event, payload=payload)
        asked = Asked(event, message.reply)
        if len(self._waiting) >= MOST_WAITING:
            await self.answer(asked, not_now(f"{MOST_WAITING} others wait already"))
            return
        self._waiting.append(asked)
        self._some.set()


def not_now(reason: str) -> Answer:
    """The answer of one that cannot decide at this moment."""
    return Answer(accepted=False, again=True, reasons=[reason])
