"""What do the tests of the worker's actions run on? A real log, a real ClickHouse, a home."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import clickhouse_connect
import pytest

from builtin_worker.action import ActionContext
from builtin_worker.clickhouse import ClickHouse
from nervous_system.bus import Bus
from tests.builtin_worker.mesh_of_worker import NOW, Ingesting, agent_of
from tests.real_servers import ClickHouseServer, NatsServer


@pytest.fixture
def clickhouse(clickhouse_server: ClickHouseServer) -> ClickHouse:
    """The worker's access to it; there is no database `swarm` yet."""
    with clickhouse_connect.get_client(dsn=clickhouse_server.url) as client:
        client.command("DROP DATABASE IF EXISTS swarm SYNC")
    return ClickHouse(clickhouse_server.url)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home."""
    path = tmp_path / "home"
    path.mkdir()
    return path


@pytest.fixture
def place(home: Path, bus: Bus) -> ActionContext:
    """Where an action works that needs no ClickHouse."""
    return ActionContext(
        home=home, bus=bus, agent=agent_of(bus), clickhouse=None, clock=lambda: NOW
    )


@pytest.fixture
def whole_place(home: Path, bus: Bus, clickhouse: ClickHouse) -> ActionContext:
    """Where an action works that has everything."""
    return ActionContext(
        home=home, bus=bus, agent=agent_of(bus), clickhouse=clickhouse, clock=lambda: NOW
    )


@pytest.fixture
def ingesting(
    tmp_path: Path, nats_server: NatsServer, clickhouse_server: ClickHouseServer
) -> Iterator[Ingesting]:
    """A real ingestor between the two, not started yet."""
    made = Ingesting(tmp_path, nats=nats_server, clickhouse=clickhouse_server)
    yield made
    made.kill()
