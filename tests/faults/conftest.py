"""What do fault runs run against? One engine for most, emptied before each; some have their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import clickhouse_connect
import pytest

from tests.faults.mesh_under_test import Mesh
from tests.faults.swarm_under_test import Swarm
from tests.real_servers import ClickHouseServer, NatsServer


@pytest.fixture
async def mesh(tmp_path: Path, clickhouse_server: ClickHouseServer) -> AsyncIterator[Mesh]:
    """A mesh on an empty database, its NATS server running, no ingestor yet."""
    with clickhouse_connect.get_client(dsn=clickhouse_server.url) as client:
        client.command("DROP DATABASE IF EXISTS swarm SYNC")
    mesh = Mesh(tmp_path, clickhouse_url=clickhouse_server.url)
    mesh.nats.start()
    yield mesh
    mesh.end()


@pytest.fixture
def mesh_of_its_own(tmp_path: Path, own_clickhouse: ClickHouseServer) -> Iterator[Mesh]:
    """A mesh around that engine."""
    mesh = Mesh(tmp_path, clickhouse_url=own_clickhouse.url)
    mesh.nats.start()
    yield mesh
    mesh.end()


@pytest.fixture
def swarm(tmp_path: Path, nats_server: NatsServer) -> Iterator[Swarm]:
    """A NATS server for overseers and workers, none of them started yet."""
    swarm = Swarm(tmp_path, nats_server)
    yield swarm
    swarm.end()
