"""How does the supervisor reach the log that its own child keeps?"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Final

from nervous_system.bus import Bus, open_bus
from nervous_system.contract.event import Event
from nervous_system.errors import Transient, Unavailable
from nervous_system.service.lease import open_leases
from nervous_system.service.snapshots import open_snapshots
from nervous_system.settings import MeshSettings
from nervous_system.shown_address import display_address
from nervous_system.transport.telemetry_stream import ensure_telemetry
from nervous_system.users import ADMIN

_CONNECT_SECONDS: Final = 5.0


class LogPublisher:
    """Connects at the first event, and keeps the connection.

    It makes the log and the buckets where they are missing, also when the server was started again:
    one that could not read its description of a stream goes on without it, and finds everything
    that is in it as soon as somebody makes it anew.
    """

    def __init__(self, settings: MeshSettings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self._bus: Bus | None = None
        self._made: int | None = None  # at which connection

    async def __call__(self, event: Event) -> None:
        """Publish one event. Raises as `Bus.publish`, and Unavailable when there is no server."""
        if self._bus is None:
            try:
                opening = open_bus(self._settings, name="supervisor", user=ADMIN)
                async with asyncio.timeout(_CONNECT_SECONDS):
                    self._bus = await self._stack.enter_async_context(opening)
            except TimeoutError as error:
                raise Unavailable(
                    f"{display_address(self._settings.nats_url)} did not answer within"
                    f" {_CONNECT_SECONDS:g} s"
                ) from error
        connection = self._bus.connection
        if self._made != connection.generation:
            generation = connection.generation
            await self._bus.stream.ensure(self._settings)
            await open_leases(connection, replicas=self._settings.stream_replicas)
            await open_snapshots(connection, replicas=self._settings.stream_replicas)
            await ensure_telemetry(connection, self._settings)
            self._made = generation
        try:
            await self._bus.publish(event)
        except Transient:
            self._made = None  # it may be gone
            raise

    async def close(self) -> None:
        """Let go of the connection."""
        await self._stack.aclose()
