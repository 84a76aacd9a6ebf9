"""How does a worker with nothing to do hear that there may be something, where a thousand have
nothing to do?

Each step of a task that may lead to work is published to whoever listens. Were that every worker, a
thousand tasks for a thousand workers would be a million messages, and the server, which sends them
while it reads from the overseer, would read nothing from it meanwhile: no renewal of its lease. So
only those listen that have room, and in a few groups, of each of which one is told. The others ask
by themselves soon enough.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final

from nats.aio.subscription import Subscription

from nervous_system import names
from nervous_system.transport.bulk_client import BulkClient

HINTS: Final = ("submitted", "released", "acknowledged")
"""Steps of tasks after which there may be work."""

GROUPS: Final = 32
"""So many are told of each step, at most; as few workers as that nearly all are."""


class Hints:
    """Calls `heard` for them, while it listens."""

    def __init__(self, client: BulkClient, worker_id: str, heard: Callable[[], None]) -> None:
        self._client = client
        self._group = f"idle-{zlib.crc32(worker_id.encode(errors='replace')) % GROUPS}"
        self._heard = heard
        self._subscriptions: list[Subscription] = []

    async def listen(self) -> None:
        """From now on, where it does not already. Raises as `BulkClient.divert`."""
        if not self._subscriptions:
            self._subscriptions = [
                await self._client.divert(
                    f"{names.EVENTS}.task.{word}.*", self._arrived, queue=self._group
                )
                for word in HINTS
            ]

    async def leave(self) -> None:
        """Others of the group are told instead. Raises as `BulkClient.restore`."""
        leaving, self._subscriptions = self._subscriptions, []
        for each in leaving:
            await self._client.restore(each)

    def _arrived(self, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        self._heard()
