"""How do many agents in one process hear that there may be work, without all of them asking?

Each hint wakes one of those that wait. A hint that comes while one is being told that there is
nothing counts for it, too.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from nats.aio.subscription import Subscription

from nervous_system import names
from nervous_system.bus import Bus
from nervous_system.client.idleness import HINTS


class Wakeup:
    """Listens while the block runs."""

    def __init__(self, bus: Bus, *, words: Sequence[str] = HINTS) -> None:
        self._client = bus.connection.client
        self._words = words
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._subscriptions: list[Subscription] = []
        self.rung = 0  # how often, so far

    async def __aenter__(self) -> Self:
        for word in self._words:
            subject = f"{names.EVENTS}.task.{word}.*"
            self._subscriptions.append(await self._client.subscribe_raw(subject, self._ring))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for subscription in self._subscriptions:
            await self._client.unsubscribe_raw(subscription)

    async def wait(self, since: int, *, within_seconds: float) -> None:
        """Until it rings for this one, at most so long; at once where it rang after `since`."""
        if self.rung > since:
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        with suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                await turn

    def _ring(self, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        self.rung += 1
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
