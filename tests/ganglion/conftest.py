"""What do the tests of the command stand on?

A command line, and an overseer that it can ask.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from bench.child import bare_environment
from local_mesh.supervisor.lock import holder
from nervous_system.bus import Bus
from tests.command_line import CommandLine, FreePort, MakeCommandLine, Run
from tests.real_servers import NatsServer, RealProcess


@pytest.fixture
def command_lines(tmp_path: Path, free_port: FreePort) -> Iterator[MakeCommandLine]:
    """Command lines of meshes with different homes and ports; what still runs at the end is
    killed.
    """
    made: list[CommandLine] = []

    def make(name: str) -> CommandLine:
        home = tmp_path / name / "home"
        home.parent.mkdir()
        line = CommandLine(
            home=home,
            environment={
                **bare_environment(),
                "GANGLION_HOME": str(home),
                "XDG_CONFIG_HOME": str(home.parent / "config"),  # no contexts of whoever runs it
                "GANGLION_NATS_PORT": str(free_port()),
                "GANGLION_NATS_MONITOR_PORT": str(free_port()),
                "GANGLION_CLICKHOUSE_PORT": str(free_port()),
                "GANGLION_HTTP_PORT": str(free_port()),
            },
        )
        made.append(line)
        return line

    yield make
    for line in made:
        pid = holder(line.home / "run" / "lock")
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        for process in line.started:
            if process.poll() is None:
                process.kill()
            process.communicate()


@pytest.fixture
def ganglion(command_lines: MakeCommandLine) -> CommandLine:
    """The command line of one mesh."""
    return command_lines("one")


@pytest.fixture
def overseer(home: Path, bus: Bus, nats_server: NatsServer) -> Iterator[RealProcess]:
    """An overseer of that home, on the test's log, that has its rules and answers."""
    process = RealProcess(
        [sys.executable, "-m", "overseer"],
        log=home / "overseer.log",
        environment={
            "GANGLION_HOME": str(home),
            "NATS_URL": nats_server.url,
            "GANGLION_OVERSEER_TICK_SECONDS": "0.1",
            "GANGLION_OVERSEER_BACKOFF_SECONDS": "0.05",
            "GANGLION_OVERSEER_MAINTENANCE_SECONDS": "0",
        },
    )
    while process.running and "charter.md" not in process.log.read_text():  # the last of them
        time.sleep(0.02)
    yield process
    process.kill()


@pytest.fixture
def run(ganglion: CommandLine, overseer: RealProcess, nats_server: NatsServer) -> Run:
    """The command line of a mesh with an overseer."""
    ganglion.lead_to(nats_server.url)

    async def run(*arguments: str, stdin: str = "") -> CompletedProcess[str]:
        return await asyncio.to_thread(ganglion, *arguments, stdin=stdin)

    return run


@pytest.fixture
def guardian(home: Path, bus: Bus, nats_server: NatsServer) -> Iterator[RealProcess]:
    """A guardian of that home, on the test's log."""
    process = RealProcess(
        [sys.executable, "-m", "guardian"],
        log=home / "guardian.log",
        environment={
            "GANGLION_HOME": str(home),
            "NATS_URL": nats_server.url,
            "CLICKHOUSE_URL": "http://127.0.0.1:1",
            "GANGLION_METRICS_PORT": "0",
            "GANGLION_GUARDIAN_TICK_SECONDS": "0.1",
        },
    )
    yield process
    process.kill()
