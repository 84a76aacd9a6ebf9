"""What does an idle worker hear, and what does it say?

The overseer publishes each step of a task that may lead to work. If every worker listened, a
thousand tasks for a thousand workers would be a million messages. The server sends them between two
reads from the overseer, so the overseer could not renew its lease meanwhile. So only workers with
room listen, in a few groups, and the server tells one of each group. The others ask by themselves
soon enough.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final

import structlog
from nats.aio.subscription import Subscription

from nervous_system import names
from nervous_system.clock import Stopwatch, stopwatch
from nervous_system.transport.bulk_client import BulkClient

_log = structlog.get_logger()

HINTS: Final = ("submitted", "released", "acknowledged")
"""Steps of tasks after which there may be work."""

GROUPS: Final = 32
"""At most so many hear of each step; if there are no more workers than that, nearly all do."""

LASTED_SECONDS: Final = 5.0
"""A pause between two tasks that is shorter than this needs no reason in the log."""


class Hints:
    """Calls `heard` for each of them, while it listens."""

    def __init__(self, client: BulkClient, worker_id: str, heard: Callable[[], None]) -> None:
        self._client = client
        self._group = f"idle-{zlib.crc32(worker_id.encode(errors='replace')) % GROUPS}"
        self._on_hint = heard
        self._subscriptions: list[Subscription] = []

    async def listen(self) -> None:
        """From now on, where it does not already. Raises as `BulkClient.subscribe_raw`."""
        if not self._subscriptions:
            self._subscriptions = [
                await self._client.subscribe_raw(
                    f"{names.EVENTS}.task.{word}.*", self._on_message, queue=self._group
                )
                for word in HINTS
            ]

    async def leave(self) -> None:
        """Others of the group are told instead. Raises as `BulkClient.unsubscribe_raw`."""
        leaving, self._subscriptions = self._subscriptions, []
        for each in leaving:
            await self._client.unsubscribe_raw(each)

    def _on_message(self, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        self._on_hint()


class Idleness:
    """What a worker waits for, as it was told last; its log says it once, when it has lasted."""

    def __init__(self, *, watch: Stopwatch = stopwatch) -> None:
        self._watch = watch
        self._reason = ""
        self._since = 0.0
        self._is_logged = False

    def look(self, reason: str) -> None:
        """Why it does nothing at this moment; empty where it does something."""
        if reason != self._reason:
            if self._is_logged and not reason:
                _log.info("worker.goes_on")
            self._reason, self._since, self._is_logged = reason, self._watch(), False
        if reason and not self._is_logged and self._watch() - self._since >= LASTED_SECONDS:
            self._is_logged = True
            _log.info("worker.waits", reason=reason)
