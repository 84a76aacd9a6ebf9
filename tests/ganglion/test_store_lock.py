"""Can two servers ever work on one store? And is who works on one found and named?"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ganglion.exit_codes import FAILURE, NOT_RUNNING, OK
from local_mesh.home import Home
from nervous_system.errors import InUse
from nervous_system.host.store_lock import LOCK_FILE, hold_store, holders_of
from tests.command_line import CommandLine, MakeCommandLine, is_alive
from tests.ganglion.test_up_command import mesh_of, pids_of, up, wait_until

MARKS = "run"


def test_a_store_is_held_by_whoever_has_the_descriptor(tmp_path: Path) -> None:
    """As when a supervisor is killed and its server lives on."""
    assert holders_of(tmp_path) == {}
    with hold_store(tmp_path) as descriptor:
        server = subprocess.Popen(["sleep", "60"], pass_fds=(descriptor,))
    try:
        assert holders_of(tmp_path) == {server.pid: "sleep"}
        with (
            pytest.raises(InUse, match=rf"sleep \(pid {server.pid}\).*`kill {server.pid}`"),
            hold_store(tmp_path),
        ):
            pass
    finally:
        server.kill()
        server.wait()
    with hold_store(tmp_path):
        assert holders_of(tmp_path) == {}, "oneself is not told"


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("keep")
    (tmp_path / LOCK_FILE).symlink_to(tmp_path / "victim")
    with pytest.raises(Exception, match="cannot be opened"), hold_store(tmp_path):
        pass
    assert (tmp_path / "victim").read_text() == "keep"


def test_two_homes_with_one_store_are_one_mesh_at_most(command_lines: MakeCommandLine) -> None:
    one, two = command_lines("one"), command_lines("two")
    mesh = up(one)
    two.home.mkdir()
    (two.home / "nats").symlink_to(one.home / "nats")
    refused = two("up", "--detach", "--only", "nats")
    assert refused.returncode == FAILURE
    assert f"nats-server (pid {mesh.processes[0].pid})" in refused.stderr
    assert "two servers on one store would destroy it" in refused.stderr
    wait_until(lambda: one("status").returncode == OK)
    assert one("down").returncode == OK
    assert two("up", "--detach", "--only", "nats").returncode == OK
    assert two("down").returncode == OK


def test_removing_the_marks_of_a_mesh_starts_no_second_one_and_they_come_back(
    ganglion: CommandLine, command_lines: MakeCommandLine
) -> None:
    mesh = up(ganglion)
    other_ports = command_lines("other").environment
    shutil.rmtree(ganglion.home / MARKS)
    second = CommandLine(ganglion.home, {**other_ports, "GANGLION_HOME": str(ganglion.home)})
    refused = second("up", "--detach", "--only", "nats")
    assert refused.returncode == FAILURE
    assert "in use by" in refused.stderr
    wait_until(lambda: ganglion("status").returncode == OK)
    assert pids_of(mesh_of(ganglion)) == pids_of(mesh)
    assert (ganglion.home / MARKS / "nats.conf").exists(), "without it NATS could not start again"
    assert ganglion("down").returncode == OK
    assert not any(is_alive(pid) for pid in pids_of(mesh))


def test_a_server_whose_supervisor_has_gone_is_named(ganglion: CommandLine) -> None:
    """However it came to outlive it: here by another parent, who has the lock from the first."""
    home = Home.at(ganglion.home)
    up(ganglion)
    assert ganglion("down").returncode == OK
    program = (
        "import os, subprocess, sys\n"
        "from pathlib import Path\n"
        "from nervous_system.host.store_lock import hold_store\n"
        "with hold_store(Path(sys.argv[1])) as descriptor:\n"
        "    quiet = {'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL}\n"
        "    server = subprocess.Popen(sys.argv[2:], pass_fds=(descriptor,), **quiet)\n"
        "    print(server.pid, flush=True)\n"
        "    os._exit(0)\n"
    )
    started = subprocess.run(
        [sys.executable, "-c", program, str(home.nats_store), "sleep", "60"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    orphan = int(started.stdout)
    try:
        for command in (["status"], ["down"], ["up", "--detach", "--only", "nats"]):
            answer = ganglion(*command)
            assert answer.returncode != OK
            assert f"sleep (pid {orphan})" in answer.stderr
            assert f"`kill {orphan}`" in answer.stderr
        assert ganglion("status").returncode == NOT_RUNNING
    finally:
        os.kill(orphan, signal.SIGTERM)  # what it says
    wait_until(lambda: not is_alive(orphan))
    assert ganglion("up", "--detach", "--only", "nats").returncode == OK
    assert ganglion("down").returncode == OK
