"""Does a mesh that `ganglion up` started write down what was killed, and heed `ganglion halt`?"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from ganglion.exit_codes import NOT_RUNNING, OK
from local_mesh.home import Home
from local_mesh.supervisor.mesh_file import read_mesh
from tests.command_line import CommandLine

MESH = ("--only", "nats", "--only", "governor", "--only", "guardian")


def wait_until(condition: Callable[[], bool], what: str, *, seconds: float = 300.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen in time"
        time.sleep(0.05)


def pid_of(ganglion: CommandLine, name: str) -> int:
    mesh = read_mesh(Home.at(ganglion.home).mesh_file)
    assert mesh is not None
    process = mesh.process(name)
    assert process is not None
    return process.pid or 0


def incidents(ganglion: CommandLine) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ganglion.json("incidents", "--json")["incidents"]
    return found


def mode(ganglion: CommandLine) -> str:
    found: str = ganglion.json("incidents", "--json")["system_mode"]
    return found


def test_killed_halted_resumed(ganglion: CommandLine) -> None:
    ganglion.environment["GANGLION_GUARDIAN_TICK_SECONDS"] = "0.2"
    started = ganglion("up", "--detach", *MESH)
    assert started.returncode == OK, started.stderr
    wait_until(lambda: mode(ganglion) == "operational", "the first word of the guardian")
    names = [each["name"] for each in ganglion.json("status", "--json")["processes"]]
    assert "guardian" in names

    before = {name: pid_of(ganglion, name) for name in ("governor", "guardian")}
    os.kill(before["governor"], signal.SIGKILL)
    wait_until(lambda: [each["recovered"] for each in incidents(ganglion)] == [True], "the end")
    (incident,) = incidents(ganglion)
    assert incident["incident_class"] == "minor"
    assert (
        f"governor (pid {before['governor']}) was killed by signal 9 (SIGKILL)"
        in (incident["root_cause"])
    )
    assert f"it runs again as pid {pid_of(ganglion, 'governor')}" in incident["root_cause"]

    os.kill(before["guardian"], signal.SIGKILL)  # it writes down its own death, too
    wait_until(
        lambda: [each["recovered"] for each in incidents(ganglion)] == [True, True], "both ends"
    )
    assert incidents(ganglion)[1]["subject"] == "guardian"

    assert ganglion("halt", "--reason", "lunch").returncode == OK
    wait_until(lambda: mode(ganglion) == "halted", "the halt")
    answer = ganglion("incidents")
    assert answer.stdout.startswith("system mode: halted\n")
    assert "was killed by signal 9" in answer.stdout
    assert ganglion("resume").returncode == OK
    wait_until(lambda: mode(ganglion) == "operational", "the end of the halt")
    wait_until(lambda: "system mode: operational" in ganglion("status").stdout, "the status")
    flag = ganglion.home / "manual_shutdown.flag"
    flag.touch()
    wait_until(lambda: mode(ganglion) == "halted", "the halt by the flag")
    flag.unlink()
    wait_until(lambda: mode(ganglion) == "operational", "the end of it")
    assert ganglion("down").returncode == OK


def test_nobody_there(ganglion: CommandLine) -> None:
    for command in ("halt", "resume", "incidents"):
        answer = ganglion(command)
        assert answer.returncode == NOT_RUNNING
        assert len(answer.stderr.splitlines()) == 1
