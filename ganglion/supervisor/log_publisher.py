"""How does the supervisor reach the log that its own child keeps?"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Final

from nervous_system.bus import Bus, open_bus
from nervous_system.contract.event import Event
from nervous_system.errors import Unavailable
from nervous_system.settings import MeshSettings

_CONNECT_SECONDS: Final = 5.0


class LogPublisher:
    """Connects at the first event, sets the stream up, and keeps the connection."""

    def __init__(self, settings: MeshSettings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self._bus: Bus | None = None
        self._ensured = False

    async def __call__(self, event: Event) -> None:
        """Publish one event. Raises as `Bus.publish`, and Unavailable when there is no server."""
        if self._bus is None:
            try:
                self._bus = await asyncio.wait_for(
                    self._stack.enter_async_context(open_bus(self._settings, name="supervisor")),
                    _CONNECT_SECONDS,
                )
            except TimeoutError as error:
                raise Unavailable(
                    f"{self._settings.nats_url} did not answer within {_CONNECT_SECONDS:g} s"
                ) from error
        if not self._ensured:
            await self._bus.stream.ensure(self._settings)
            self._ensured = True
        await self._bus.publish(event)

    async def close(self) -> None:
        """Let go of the connection."""
        await self._stack.aclose()
