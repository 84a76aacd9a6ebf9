"""Do the processes come up in order, stay up, and go down without a trace?"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from enchanted.events.v1.process_pb2 import ProcessExited, ProcessStarted
from local_mesh.home import Home
from local_mesh.supervisor.mesh_file import read_mesh
from local_mesh.supervisor.recording import ask_health
from local_mesh.supervisor.restarting import until_silent
from local_mesh.supervisor.supervisor import Supervisor
from nervous_system.errors import StartFailed
from tests.command_line import FreePort, is_alive
from tests.local_mesh.stub_mesh import Observed, make_supervisor, nothing, stub


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path / "home")


async def until_ready(supervisor: Supervisor) -> asyncio.Task[None]:
    """Run it in the background; returns once all are ready.

    Raises what `run` raises before that.
    """
    ready = asyncio.Event()

    async def note() -> None:
        ready.set()
        await asyncio.Event().wait()

    running = asyncio.create_task(supervisor.run(while_running=note, before_stop=nothing))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()
    return running


async def until(observed: Observed, line: str) -> None:
    """Wait until a line that begins so was said."""
    async with asyncio.timeout(300):
        while not any(each.startswith(line) for each in observed.lines):
            observed.changed.clear()
            await observed.changed.wait()


async def test_starts_in_order_and_stops_in_reverse(
    home: Home, tmp_path: Path, free_port: FreePort
) -> None:
    order = tmp_path / "order"
    observed = Observed()
    supervisor = make_supervisor(
        [
            stub("c", "--order", str(order), port=free_port(), needs=("a", "b")),
            stub("a", "--order", str(order), "--ready-after", "0.3", port=free_port()),
            stub("b", "--order", str(order), port=free_port(), needs=("a",)),
        ],
        home=home,
        observed=observed,
    )
    running = await until_ready(supervisor)
    mesh = read_mesh(home.mesh_file)
    assert mesh is not None
    assert mesh.state == "running"
    assert [each.state for each in mesh.processes] == ["running"] * 3
    pids = [each.pid for each in mesh.processes]
    supervisor.ask_to_stop()
    await running
    assert order.read_text().split("\n")[:-1] == [
        "start a",
        "start b",
        "start c",
        "stop c",
        "stop b",
        "stop a",
    ]
    assert not any(is_alive(pid) for pid in pids if pid)
    assert [each.name for each in observed.facts] == ["a", "b", "c"]


async def test_a_process_that_dies_is_started_again_and_that_is_an_event(
    home: Home, tmp_path: Path, free_port: FreePort
) -> None:
    crash = tmp_path / "crash"
    observed = Observed()
    supervisor = make_supervisor(
        [stub("weak", "--crash-while", str(crash), port=free_port())], home=home, observed=observed
    )
    running = await until_ready(supervisor)
    crash.touch()
    await until(observed, "died weak")
    crash.unlink()
    await until(observed, "ready weak 2")
    supervisor.ask_to_stop()
    await running
    first, exited, again = observed.facts[:3]
    assert isinstance(first, ProcessStarted)
    assert (first.name, first.attempt) == ("weak", 1)
    assert isinstance(exited, ProcessExited)
    assert (exited.pid, exited.exit_code, exited.attempt) == (first.pid, 3, 1)
    assert exited.restart_in_seconds == 0.25
    assert isinstance(again, ProcessStarted)
    assert again.attempt == 2
    assert again.pid != first.pid
    assert "I was told to crash" in next(line for line in observed.lines if line.startswith("died"))


async def test_a_process_that_is_killed_is_started_again(home: Home, free_port: FreePort) -> None:
    observed = Observed()
    supervisor = make_supervisor([stub("a", port=free_port())], home=home, observed=observed)
    running = await until_ready(supervisor)
    pid = supervisor.mesh.processes[0].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await until(observed, "ready a 2")
    supervisor.ask_to_stop()
    await running
    exited = next(fact for fact in observed.facts if isinstance(fact, ProcessExited))
    assert exited.exit_code == -signal.SIGKILL


async def test_a_process_that_runs_but_answers_nobody_is_killed_and_started_again(
    home: Home, free_port: FreePort
) -> None:
    observed = Observed()
    supervisor = make_supervisor(
        [stub("a", port=free_port(), silent_seconds=1.0)], home=home, observed=observed
    )
    running = await until_ready(supervisor)
    pid = supervisor.mesh.processes[0].pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    await until(observed, "ready a 2")
    supervisor.ask_to_stop()
    await running
    assert not is_alive(pid)
    exited = next(fact for fact in observed.facts if isinstance(fact, ProcessExited))
    assert (exited.pid, exited.exit_code) == (pid, -signal.SIGKILL)
    assert any(line.startswith(f"trouble a (pid {pid}) runs, but for") for line in observed.lines)


async def test_a_process_that_answers_bad_news_is_left_alone(
    home: Home, tmp_path: Path, free_port: FreePort
) -> None:
    unwell = tmp_path / "unwell"
    observed, port = Observed(), free_port()
    specification = stub("a", "--unwell-while", str(unwell), port=port, silent_seconds=0.3)
    supervisor = make_supervisor([specification], home=home, observed=observed)
    running = await until_ready(supervisor)
    unwell.touch()
    silence = asyncio.create_task(
        until_silent(specification.health_url, silent_seconds=0.3, stopwatch=time.monotonic)
    )
    for _ in range(20):  # more often than a silent one would be asked
        assert not (await ask_health(specification.health_url)).ok
    unwell.unlink()
    os.kill(supervisor.mesh.processes[0].pid or 0, signal.SIGSTOP)
    assert await silence >= 0.3  # that it can fail: the same watch, and now there is silence
    await until(observed, "ready a 2")
    supervisor.ask_to_stop()
    await running
    assert len([line for line in observed.lines if line.startswith("died")]) == 1


async def test_one_that_fails_at_the_first_start_takes_all_down(
    home: Home, tmp_path: Path, free_port: FreePort
) -> None:
    order = tmp_path / "order"
    observed = Observed()
    supervisor = make_supervisor(
        [
            stub("good", "--order", str(order), port=free_port()),
            stub("bad", "--crash-at-start", "5", port=free_port(), needs=("good",)),
        ],
        home=home,
        observed=observed,
    )
    with pytest.raises(
        StartFailed, match=r"bad ended with exit code 5 .*flux capacitor is missing"
    ):
        await until_ready(supervisor)
    assert order.read_text() == "start good\nstop good\n"
    died = next(line for line in observed.lines if line.startswith("died"))
    assert died.endswith("None ['first I looked around', 'the flux capacitor is missing']")


async def test_one_that_never_gets_ready_takes_all_down(home: Home, free_port: FreePort) -> None:
    supervisor = make_supervisor(
        [stub("slow", "--never-ready", port=free_port(), ready_timeout_seconds=0.5)],
        home=home,
        observed=Observed(),
    )
    with pytest.raises(StartFailed, match=r"slow was not ready within 0.5 s \(it answers 503"):
        await until_ready(supervisor)
    mesh = read_mesh(home.mesh_file)
    assert mesh is not None
    assert mesh.processes[0].state == "stopped"


async def test_a_program_that_is_not_there(home: Home, free_port: FreePort) -> None:
    specification = stub("gone", port=free_port())
    object.__setattr__(specification, "argv", ("/nowhere/program",))
    supervisor = make_supervisor([specification], home=home, observed=Observed())
    with pytest.raises(StartFailed, match="gone could not be started: /nowhere/program"):
        await until_ready(supervisor)


async def test_who_ignores_sigterm_is_killed_after_its_time(
    home: Home, tmp_path: Path, free_port: FreePort
) -> None:
    grandchild = tmp_path / "grandchild"
    observed = Observed()
    supervisor = make_supervisor(
        [
            stub(
                "deaf",
                "--ignore-sigterm",
                "--grandchild",
                str(grandchild),
                port=free_port(),
                stop_timeout_seconds=0.3,
            )
        ],
        home=home,
        observed=observed,
    )
    running = await until_ready(supervisor)
    pid = supervisor.mesh.processes[0].pid
    assert pid is not None
    supervisor.ask_to_stop()
    await running
    assert "stopped deaf -9 True" in observed.lines
    assert not is_alive(pid)
    assert not is_alive(int(grandchild.read_text()))


async def test_asked_twice_it_does_not_wait(home: Home, free_port: FreePort) -> None:
    observed = Observed()
    supervisor = make_supervisor(
        [stub("deaf", "--ignore-sigterm", port=free_port(), stop_timeout_seconds=60)],
        home=home,
        observed=observed,
        stop_timeout_seconds=60,
    )
    running = await until_ready(supervisor)
    supervisor.ask_to_stop()
    supervisor.ask_to_stop()
    async with asyncio.timeout(300):
        await running
    assert "stopped deaf -9 True" in observed.lines


async def test_stop_during_the_start(home: Home, free_port: FreePort) -> None:
    observed = Observed()
    supervisor = make_supervisor(
        [
            stub("a", port=free_port()),
            stub("b", "--never-ready", port=free_port(), needs=("a",)),
        ],
        home=home,
        observed=observed,
    )
    running = asyncio.create_task(supervisor.run(while_running=nothing, before_stop=nothing))
    async with asyncio.timeout(300):
        while len(observed.facts) < 2:
            observed.changed.clear()
            await observed.changed.wait()
    supervisor.ask_to_stop()
    await running
    assert not any(is_alive(fact.pid) for fact in observed.facts)


def test_the_parent_killed_leaves_nothing(home: Home, free_port: FreePort) -> None:
    ports = [free_port(), free_port()]
    program = str(Path(__file__).with_name("stub_mesh.py"))
    parent = subprocess.Popen(
        [sys.executable, program, str(home.path), *map(str, ports)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    try:
        assert parent.stdout.readline() == "ready\n"
        mesh = read_mesh(home.mesh_file)
        assert mesh is not None
        pids = [each.pid for each in mesh.processes if each.pid]
        assert len(pids) == 2
        assert all(is_alive(pid) for pid in pids)
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
    deadline = time.monotonic() + 5
    while any(is_alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(is_alive(pid) for pid in pids)
