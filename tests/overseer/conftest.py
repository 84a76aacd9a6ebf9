"""A running overseer, on a real NATS server."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from local_mesh.default_files import write_default_files
from local_mesh.home import Home
from nervous_system.bus import Bus
from nervous_system.client.request_client import RequestClient
from nervous_system.client.worker import Worker, open_worker
from nervous_system.settings import MeshSettings
from overseer.vocabulary import SERVICE
from tests.overseer.overseer_program import StartOverseer
from tests.real_servers import NatsServer, RealProcess

PROGRAM = Path(__file__).with_name("overseer_program.py")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home directory with the sample charter, policy and registry."""
    folder = tmp_path / "home"
    folder.mkdir()
    write_default_files(Home.at(folder))
    return folder


@pytest.fixture
def start_overseer(
    home: Path, mesh_settings: MeshSettings, nats_server: NatsServer
) -> Iterator[StartOverseer]:
    """Starts overseers; ends what is left of them."""
    started: list[RealProcess] = []

    def start(name: str = "overseer", **environment: str) -> RealProcess:
        process = RealProcess(
            [sys.executable, str(PROGRAM)],
            log=home / f"{name}.log",
            environment={
                "GANGLION_HOME": str(home),
                "NATS_URL": mesh_settings.nats_url,
                "GANGLION_OVERSEER_TICK_SECONDS": "0.1",
                "GANGLION_OVERSEER_MAINTENANCE_SECONDS": "0",
                **environment,
            },
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()


@pytest.fixture
def asker(bus: Bus, start_overseer: StartOverseer) -> RequestClient:
    """Who asks an overseer that runs."""
    start_overseer()
    return RequestClient(
        bus, service=SERVICE, role=ROLE_OPERATOR, agent_id="tester", deadline_seconds=120
    )


@pytest.fixture
async def worker(
    start_overseer: StartOverseer, mesh_settings: MeshSettings
) -> AsyncIterator[Worker]:
    """One that does one task at a time, of an overseer that runs."""
    start_overseer()
    async with open_worker(
        mesh_settings.nats_url, worker_id="w1", settings=mesh_settings
    ) as worker:
        yield worker
