"""Does a stranger who holds all connections of a port keep others from their answers, or make the
supervisor take a process that works for one that hangs?"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from local_mesh.addresses import Addresses
from local_mesh.home import Home
from local_mesh.settings import LocalMeshSettings
from local_mesh.supervisor.process_list import NATS, plan_mesh
from local_mesh.supervisor.restarting import until_silent
from local_mesh.supervisor.specification import ProcessSpecification
from nervous_system.host.http_get import http_get, url_at
from tests.command_line import FreePort
from tests.crowding import PATIENCE_SECONDS, crowded
from tests.local_mesh.stub_mesh import Observed, make_supervisor
from tests.local_mesh.test_supervisor import until, until_ready

HERE = Path(__file__).parent


def answering(home: Home, *, port: int) -> ProcessSpecification:
    """A service as `ganglion up` starts them."""
    return ProcessSpecification(
        name="answering",
        argv=(sys.executable, str(HERE / "answering_service.py")),
        environment={
            "GANGLION_METRICS_PORT": str(port),
            "GANGLION_HEALTH_SOCKET": str(home.health_socket("answering")),
        },
        address=f"http://127.0.0.1:{port}",
        health_url=url_at(home.health_socket("answering"), "/healthz"),
        silent_seconds=3.0,
    )


async def test_who_crowds_a_service_keeps_nobody_from_it_and_gets_nobody_killed(
    tmp_path: Path, free_port: FreePort
) -> None:
    home, observed, port = Home.at(tmp_path / "home"), Observed(), free_port()
    service = answering(home, port=port)
    supervisor = make_supervisor([service], home=home, observed=observed)
    running = await until_ready(supervisor)
    with crowded(port):
        for _ in range(10):
            url = f"{service.address}/healthz"
            assert (await http_get(url, timeout_seconds=PATIENCE_SECONDS)).status == 200
        began = time.monotonic()
        while time.monotonic() < began + service.silent_seconds:  # as long as one may be silent
            url = service.health_url
            assert (await http_get(url, timeout_seconds=PATIENCE_SECONDS)).status == 200
    assert observed.lines == ["starting answering", "ready answering 1"]
    os.kill(supervisor.mesh.processes[0].pid or 0, signal.SIGSTOP)  # that it can fail
    await until_silent(service.health_url, silent_seconds=0.3, stopwatch=time.monotonic)
    await until(observed, "ready answering 2")
    supervisor.ask_to_stop()
    await running


def test_every_process_of_ours_is_asked_where_no_stranger_comes(tmp_path: Path) -> None:
    """The log server has no such place; it takes as many connections as the machine gives it."""
    home = Home.at(tmp_path)
    addresses = Addresses(
        nats_url="nats://127.0.0.1:4222",
        nats_embedded=True,
        clickhouse_url="http://127.0.0.1:8123",
        clickhouse_embedded=True,
    )
    for each in plan_mesh(LocalMeshSettings(), home=home, addresses=addresses).processes:
        file = home.health_socket(each.name)
        if each.name != NATS:
            assert each.health_url in (url_at(file, "/healthz"), url_at(file, "/ping"))
            assert str(file) in each.environment.values()
