"""A NATS server with the users of `ganglion up`, and whoever comes to it as one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from local_mesh.nats_keys import NatsKeys
from local_mesh.upkeep import make_foundations
from nervous_system.bus import Bus, open_bus
from nervous_system.settings import MeshSettings
from tests.real_servers import NatsServer

OpenAs = Callable[[str], AbstractAsyncContextManager[Bus]]


class PermittedServer:
    """The server, its home, and the settings of a program that finds it."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.server = NatsServer(folder / "nats")
        self.keys = NatsKeys(self.home)
        self.settings = MeshSettings(
            nats_url=self.server.url, home=self.home, publish_deadline_seconds=60.0
        )

    async def start(self, *, is_open: bool = False) -> None:
        """With everything that services stand on."""
        self.keys.make()
        self.keys.listen([f"127.0.0.1:{self.server.port}"])
        self.server.start(extra=self.keys.accounts(is_open=is_open))
        await make_foundations(self.settings)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[PermittedServer]:
        """It is there while the block runs."""
        await self.start()
        try:
            yield self
        finally:
            self.server.kill()

    @asynccontextmanager
    async def bus(self, user: str) -> AsyncIterator[Bus]:
        """As one of its users."""
        async with open_bus(self.settings, name=user, user=user) as bus:
            yield bus
