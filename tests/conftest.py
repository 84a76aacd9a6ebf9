"""What do all tests share? Real servers and a bus, fresh for each test that asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from nervous_system.bus import Bus, open_bus
from nervous_system.settings import MeshSettings
from tests.real_servers import NatsServer

# How fast a machine makes an example says nothing about the code.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[NatsServer]:
    """A NATS server of the test's own."""
    server = NatsServer(tmp_path / "nats")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def mesh_settings(nats_server: NatsServer) -> MeshSettings:
    """Settings that point at it."""
    return MeshSettings(nats_url=nats_server.url, publish_deadline_seconds=5.0)


@pytest.fixture
async def bus(mesh_settings: MeshSettings) -> AsyncIterator[Bus]:
    """A bus on an empty log."""
    async with open_bus(mesh_settings, name="test") as bus:
        await bus.stream.ensure(mesh_settings)
        yield bus
