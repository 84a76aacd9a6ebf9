"""A running overseer, on a real NATS server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from overseer_program import StartOverseer
from real_servers import NatsServer, RealProcess

from ganglion.home import Home
from ganglion.samples import write_samples
from nervous_system.settings import MeshSettings

PROGRAM = Path(__file__).with_name("overseer_program.py")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home directory with the sample charter, policy and registry."""
    folder = tmp_path / "home"
    folder.mkdir()
    write_samples(Home.at(folder))
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
