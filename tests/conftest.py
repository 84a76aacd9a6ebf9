"""What do all tests share? Real servers and a bus, fresh for each test that asks."""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from local_mesh.default_files import write_default_files
from local_mesh.home import Home
from nervous_system.bus import Bus, open_bus
from nervous_system.settings import MeshSettings
from tests import unit_set
from tests.command_line import FreePort
from tests.nervous_system.otlp_collector import Collector
from tests.real_servers import ClickHouseServer, NatsServer

# How fast a machine makes an example says nothing about the code.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tell the tests that need no server from the others: `make test-unit`. Those of this folder
    itself start whole meshes and take longest: begun last, one of them would be waited for."""
    unit_set.mark(items)
    items.sort(key=lambda item: item.path.parent != Path(__file__).parent)


@pytest.fixture(autouse=True)
def unit_set_guard(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test of the unit set starts nothing."""
    if request.node.get_closest_marker(unit_set.UNIT) is None:
        yield
        return
    with unit_set.nothing_starts():
        yield


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """Whatever a test sets up for the log of this process, the next one does not have it."""
    config = {**structlog.get_config(), "processors": [*structlog.get_config()["processors"]]}
    configured = structlog.is_configured()
    yield
    if configured:
        structlog.configure(**config)
    else:
        structlog.reset_defaults()


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[NatsServer]:
    """A NATS server of the test's own."""
    server = NatsServer(tmp_path / "nats")
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def clickhouse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseServer]:
    """One engine for all tests that leave it running. Its database `swarm` is whatever the test
    before left: whoever uses it drops it first."""
    server = ClickHouseServer(tmp_path_factory.mktemp("clickhouse"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def own_clickhouse(tmp_path: Path) -> Iterator[ClickHouseServer]:
    """An engine that a test may stop or kill."""
    server = ClickHouseServer(tmp_path / "clickhouse")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def mesh_settings(nats_server: NatsServer) -> MeshSettings:
    """Settings that point at it."""
    return MeshSettings(nats_url=nats_server.url, publish_deadline_seconds=60.0)


@pytest.fixture
async def bus(mesh_settings: MeshSettings) -> AsyncIterator[Bus]:
    """A bus on an empty log."""
    async with open_bus(mesh_settings, name="test") as bus:
        await bus.stream.ensure(mesh_settings)
        yield bus


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A receiver of spans."""
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def free_port() -> Iterator[FreePort]:
    """Ports that nobody has; the same one is never given twice in a test."""
    given: set[int] = set()

    def pick() -> int:
        while True:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port: int = probe.getsockname()[1]
            if port not in given:
                given.add(port)
                return port

    yield pick


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with the rules of a new one."""
    folder = tmp_path / "home"
    folder.mkdir()
    write_default_files(Home.at(folder))
    return folder
