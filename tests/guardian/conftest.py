"""What do the tests of the guardian stand on? Guardians in processes of their own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guardian.guardian_log import StartGuardian
from tests.real_servers import NatsServer, RealProcess


@pytest.fixture
def start_guardian(nats_server: NatsServer, tmp_path: Path) -> Iterator[StartGuardian]:
    """Starts guardians; those that still run at the end are killed."""
    started: list[RealProcess] = []

    def start(name: str = "one", **environment: str) -> RealProcess:
        process = RealProcess(
            [sys.executable, str(Path(__file__).with_name("guardian_program.py"))],
            log=tmp_path / f"{name}.log",
            environment={
                "NATS_URL": nats_server.url,
                "CLICKHOUSE_URL": "http://127.0.0.1:1",
                "GANGLION_HOME": str(tmp_path),
                "GANGLION_METRICS_PORT": "0",
                "GANGLION_GUARDIAN_TICK_SECONDS": "0.1",
                **environment,
            },
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
