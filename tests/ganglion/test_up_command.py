"""Does `ganglion up` keep its word with a real server: one sentence, nothing half-started, nothing
left?
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import typer

from ganglion.command_group import app
from ganglion.commands.up import app as up_app
from ganglion.exit_codes import FAILURE, INTERRUPTED, NOT_RUNNING, OK, REFUSED, USAGE
from local_mesh.batch_staging import MARK
from local_mesh.home import Home
from local_mesh.supervisor.mesh_file import MeshRecord, read_mesh
from local_mesh.supervisor.process_list import PROCESSES
from nervous_system.users import ADMIN, FOLDER, read_password
from tests.command_line import CommandLine, FreePort, MakeCommandLine, is_alive


def up(ganglion: CommandLine) -> MeshRecord:
    """Start the log of this home behind the scenes."""
    answer = ganglion("up", "--detach", "--only", "nats")
    assert answer.returncode == OK, answer.stderr
    return mesh_of(ganglion)


def mesh_of(ganglion: CommandLine) -> MeshRecord:
    mesh = read_mesh(Home.at(ganglion.home).mesh_file)
    assert mesh is not None
    return mesh


def pids_of(mesh: MeshRecord) -> list[int]:
    return [mesh.pid, *(each.pid for each in mesh.processes if each.pid)]


def staged_in(ganglion: CommandLine) -> Path:
    """Where the batches of a mesh that runs are staged."""
    mark = Home.at(ganglion.home).nats_store / MARK
    wait_until(mark.exists)
    folder = Path(mark.read_text())
    assert folder.is_dir()
    return folder


def wait_until(condition: Callable[[], bool], *, seconds: float = 300.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_up_status_down(ganglion: CommandLine) -> None:
    not_yet = ganglion("status", "--json")
    assert not_yet.returncode == NOT_RUNNING
    assert ganglion("down").stderr == f"ganglion: no mesh runs in {ganglion.home}\n"

    started = ganglion("up", "--detach", "--only", "nats")
    assert started.returncode == OK, started.stderr
    mesh = mesh_of(ganglion)
    port = ganglion.environment["GANGLION_NATS_PORT"]
    assert f"pid {mesh.processes[0].pid}" in started.stdout
    assert "Ctrl-C" not in started.stdout
    assert "stop it with `ganglion down`" in started.stdout
    assert f"events to nats://127.0.0.1:{port}" in started.stdout

    wait_until(lambda: ganglion.json("status", "--json")["stream"] is not None)
    status = ganglion("status")
    assert status.returncode == OK, status.stderr
    document = ganglion.json("status", "--json")
    assert document["healthy"] is True
    process = document["processes"][0]
    assert (process["name"], process["health"]) == ("nats", "ok")
    assert process["address"] == f"nats://127.0.0.1:{port}"
    assert document["stream"]["last_sequence"] == 1
    assert "lag" in document

    again = ganglion.run("up", "--only", "nats")
    assert again.returncode == FAILURE
    assert again.stderr.startswith(
        f"ganglion: the home {ganglion.home} is in use by pid {mesh.pid}"
    )
    assert len(again.stderr.splitlines()) == 1

    down = ganglion("down")
    assert down.returncode == OK
    assert f"(pid {mesh.pid}) is stopped" in down.stdout
    assert not any(is_alive(pid) for pid in pids_of(mesh))
    assert ganglion("down").returncode == NOT_RUNNING
    assert not Home.at(ganglion.home).mesh_file.exists()


def test_open_prints_an_address_that_lets_one_browser_in(ganglion: CommandLine) -> None:
    assert ganglion("open").returncode == NOT_RUNNING
    started = ganglion("up", "--detach", "--only", "nats", "--only", "mission_control")
    assert started.returncode == OK, started.stderr
    address = ganglion("open").stdout.strip()
    assert f"mission control: {address}\n" in started.stdout
    page, _, key = address.partition("#key=")
    request = Request(
        f"{page}api/session",
        data=json.dumps({"key": key}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urlopen(request) as answer:
        assert answer.status == 204
    assert ganglion("open").stdout.strip() not in ("", address), "the key is used up"


def test_ctrl_c_drains_and_stops_everything(ganglion: CommandLine) -> None:
    process = ganglion.begin("up", "--only", "nats")
    assert process.stdout is not None
    lines = [next(process.stdout) for _ in range(3)]
    assert lines[2].startswith("ganglion is up")
    assert lines[2].endswith("; Ctrl-C stops it\n")
    mesh = mesh_of(ganglion)
    assert mesh.pid == process.pid
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == OK, stderr
    assert stdout.endswith("everything is stopped\n")
    assert not any(is_alive(pid) for pid in pids_of(mesh))


def test_ctrl_c_while_it_imports_ends_quietly(ganglion: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt")
    ganglion.environment["PYTHONPATH"] = str(tmp_path)
    answer = ganglion.run("up", "--only", "nats")
    assert (answer.returncode, answer.stdout, answer.stderr) == (INTERRUPTED, "", "")


def test_ctrl_c_while_it_becomes_the_supervisor_ends_quietly(ganglion: CommandLine) -> None:
    """The signal is there from the beginning, and nothing lets it through before."""
    held_back = (
        "import os, signal, sys;"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT});"
        "os.kill(os.getpid(), signal.SIGINT);"
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", held_back, *ganglion.argv("up", "--only", "nats")],
        env=ganglion.environment,
        cwd=ganglion.home.parent,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (answer.returncode, answer.stderr) == (INTERRUPTED, "")
    assert answer.stdout == f"starting the mesh in {ganglion.home}\n"
    assert ganglion("status").returncode == NOT_RUNNING
    assert not (ganglion.home / "logs" / "nats.log").exists()


def test_ctrl_c_before_anything_is_started_ends_quietly(ganglion: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as theirs:
        ganglion.environment["GANGLION_CLICKHOUSE_URL"] = (
            f"http://127.0.0.1:{theirs.getsockname()[1]}"
        )
        process = ganglion.begin("up", "--only", "nats")
        asking, _ = theirs.accept()  # it asks whether a ClickHouse is there, and gets no answer
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=300)
        asking.close()
    assert (process.returncode, stdout, stderr) == (INTERRUPTED, "", "")
    assert ganglion("status").returncode == NOT_RUNNING
    assert not (ganglion.home / "logs" / "nats.log").exists()


def test_ctrl_c_while_it_says_why_it_does_not_start_ends_quietly(
    ganglion: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt")
    ganglion.environment |= {"PYTHONPATH": str(tmp_path), "GANGLION_NATS_PORT": "many"}
    answer = subprocess.run(
        [sys.executable, "-m", "ganglion.supervisor"],
        env=ganglion.environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (answer.returncode, answer.stdout, answer.stderr) == (INTERRUPTED, "", "")


def test_killing_the_parent_leaves_nothing_and_it_starts_again(ganglion: CommandLine) -> None:
    mesh = up(ganglion)
    os.kill(mesh.pid, signal.SIGKILL)
    wait_until(lambda: not any(is_alive(pid) for pid in pids_of(mesh)))
    # Its threads end one after the other, and the last one takes the lock with it.
    wait_until(lambda: ganglion("status", "--json").returncode == NOT_RUNNING)
    assert pids_of(up(ganglion)) != pids_of(mesh)
    in_memory = staged_in(ganglion)
    assert ganglion("down", "--kill").returncode == OK
    assert not in_memory.exists(), "nothing is left in memory"


def test_a_port_in_use_starts_nothing(ganglion: CommandLine) -> None:
    port = ganglion.environment["GANGLION_NATS_MONITOR_PORT"]
    with socket.create_server(("127.0.0.1", int(port))):
        for detach in ([], ["--detach"]):
            answer = ganglion.run("up", "--only", "nats", *detach)
            assert answer.returncode == FAILURE
            assert answer.stderr == (
                f"ganglion: port {port} on 127.0.0.1 is in use; set GANGLION_NATS_MONITOR_PORT to a"
                " free one, or stop what listens there\n"
            )
            assert not ganglion.home.exists(), "whoever is refused is left no folder with keys"
        assert ganglion("samples").returncode == OK
        for detach in ([], ["--detach"]):
            assert f"port {port} on" in ganglion.run("up", "--only", "nats", *detach).stderr
            assert not (ganglion.home / "keys").exists(), "nor are keys made among his samples"


def test_a_server_that_dies_is_started_again_and_that_is_on_the_log(ganglion: CommandLine) -> None:
    mesh = up(ganglion)
    wait_until(lambda: ganglion.json("status", "--json")["stream"] is not None)
    nats = mesh.processes[0].pid
    assert nats is not None
    os.kill(nats, signal.SIGKILL)
    wait_until(lambda: mesh_of(ganglion).processes[0].attempt == 2)
    answer = ganglion("tail", "--from", "1", "-n", "3", "--json")
    kinds = [line for line in answer.stdout.splitlines() if line]
    assert len(kinds) == 3, answer.stderr
    assert '"process_exited": {"name": "nats"' in kinds[1]
    assert '"exit_code": -9' in kinds[1]
    assert '"attempt": 2' in kinds[2]
    assert ganglion("down").returncode == OK


def test_two_meshes_side_by_side(command_lines: MakeCommandLine) -> None:
    one, two = command_lines("one"), command_lines("two")
    up(one)
    up(two)
    one("emit", "signal", "HEALTHY")
    one("emit", "signal", "HEALTHY")
    first = one.json("status", "--json")
    wait_until(lambda: two.json("status", "--json")["stream"] is not None)
    second = two.json("status", "--json")
    assert first["nats_url"] != second["nats_url"]
    assert first["stream"]["last_sequence"] == 3
    assert second["stream"]["last_sequence"] == 1
    assert one("down").returncode == OK
    assert two("status").returncode == OK
    assert two("down").returncode == OK


def test_a_server_that_runs_already_is_used(command_lines: MakeCommandLine) -> None:
    theirs, ours = command_lines("theirs"), command_lines("ours")
    address = up(theirs).nats_url
    ours.environment["GANGLION_NATS_URL"] = address
    ours.environment["GANGLION_NATS_USER"] = ADMIN
    ours.environment["GANGLION_NATS_PASSWORD"] = read_password(theirs.home / FOLDER / ADMIN) or ""
    plan = ours("up", "--detach", "--only", "nats")
    assert plan.returncode == OK, plan.stderr
    mesh = mesh_of(ours)
    assert mesh.processes == ()
    assert mesh.nats_url == address
    assert ours("emit", "signal", "HEALTHY").returncode == OK
    assert ours("down").returncode == OK
    assert theirs("status").returncode == OK
    assert theirs("down").returncode == OK
    shutil.rmtree(ours.home)
    for detach in ([], ["--detach"]):
        gone = ours.run("up", "--only", "nats", *detach)
        assert gone.returncode == NOT_RUNNING
        assert gone.stderr.startswith("ganglion: no NATS server answers at GANGLION_NATS_URL")
        assert not ours.home.exists()


def test_whoever_is_not_let_in_is_told_so(command_lines: MakeCommandLine) -> None:
    one, two = command_lines("one"), command_lines("two")
    up(one)
    two.environment["GANGLION_NATS_PORT"] = one.environment["GANGLION_NATS_PORT"]
    status = two("status")
    assert status.returncode == NOT_RUNNING
    said = status.stdout + status.stderr
    assert "does not accept anybody without credentials; set GANGLION_HOME to the home" in said
    assert "none answers" not in said
    assert one("down").returncode == OK


def test_a_full_disk_and_bad_settings_are_one_sentence(ganglion: CommandLine) -> None:
    ganglion.environment["GANGLION_MIN_FREE_BYTES"] = str(2**60)
    full = ganglion.run("up", "--only", "nats")
    assert full.returncode == FAILURE
    assert "make room" in full.stderr
    ganglion.environment["GANGLION_MIN_FREE_BYTES"] = "much"
    bad = ganglion.run("up", "--only", "nats")
    assert bad.returncode == USAGE
    assert bad.stderr.startswith("ganglion: GANGLION_MIN_FREE_BYTES is 'much'")
    unknown = ganglion.run("up", "--only", "nobody")
    assert unknown.returncode == USAGE
    for answer in (full, bad, unknown):
        assert len(answer.stderr.splitlines()) == 1


def test_a_child_that_cannot_start_says_why_and_stops_all(ganglion: CommandLine) -> None:
    # A file where the server wants its folder.
    ganglion.home.mkdir()
    (ganglion.home / "nats").mkdir()
    (ganglion.home / "nats" / "jetstream").write_text("")
    answer = ganglion("up", "--detach", "--only", "nats")
    assert answer.returncode == FAILURE
    assert "ended with exit code 1" in answer.stdout
    assert answer.stderr.startswith("ganglion: the mesh did not start: nats ended with exit code 1")
    assert len(answer.stderr.splitlines()) == 1
    assert ganglion("status").returncode == NOT_RUNNING


def test_emit_and_tail(ganglion: CommandLine, tmp_path: Path) -> None:
    up(ganglion)
    (tmp_path / "before").write_text("a\n")
    (tmp_path / "after").write_text("b\n")
    decision = ganglion.json(
        *("emit", "decision", "--rationale", "it is wrong", "--chosen", "fix it", "--json"),
        *("--alternative", "leave it", "--confidence", "0.5", "--role", "coder"),
    )
    outcome = ganglion(
        "emit", "outcome", decision["event_id"], "--status", "failed", "--output", "boom\nbang"
    )
    assert outcome.returncode == OK, outcome.stderr
    change = ganglion(
        *("emit", "change", "src/x.py", "--before", str(tmp_path / "before")),
        *("--after", str(tmp_path / "after"), "--because", decision["event_id"]),
    )
    assert change.returncode == OK, change.stderr
    refused = ganglion("emit", "decision", "--rationale", "x", "--chosen", "y", "--confidence", "2")
    assert refused.returncode == REFUSED
    assert "confidence is 2, and it is from 0 to 1" in refused.stderr
    empty = ganglion("emit", "decision", "--rationale", " ", "--chosen", "y")
    assert empty.returncode == REFUSED
    assert empty.stderr == "ganglion: the event was not sent: rationale is empty: say why\n"
    lines = ganglion("tail", "--since", "1h", "-n", "4").stdout.splitlines()
    assert len(lines) == 4
    mine = [line for line in lines if "process_started" not in line]
    assert "coder" in mine[0]
    assert "fix it: it is wrong" in mine[0]
    assert "failed boom bang" in mine[1]
    assert "FILE_SYSTEM src/x.py" in mine[2]

    live = ganglion.begin("tail", "--subject", "swarm.events.*.signal", "-n", "1")

    def told() -> bool:
        ganglion("emit", "signal", "HEALTHY")
        return live.poll() is not None

    wait_until(told)
    stdout, _ = live.communicate()
    assert "HEALTHY cpu 0 %" in stdout
    assert ganglion("down").returncode == OK


@pytest.mark.parametrize(
    "arguments",
    [
        ("tail", "--since", "10x"),
        ("tail", "--from", "1", "--since", "1m"),
        ("emit", "change", "x"),
        ("sql", "SELECT 1", "--json", "--format", "TSV"),
        ("sql", "-"),
        ("nonsense",),
    ],
)
def test_a_command_line_that_makes_no_sense(
    ganglion: CommandLine, arguments: tuple[str, ...]
) -> None:
    answer = ganglion(*arguments)
    assert answer.returncode == USAGE
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("arguments", [("tail",), ("emit", "signal", "X"), ("sql", "SELECT 1")])
def test_nobody_there(ganglion: CommandLine, arguments: tuple[str, ...]) -> None:
    answer = ganglion(*arguments)
    assert answer.returncode == NOT_RUNNING
    assert len(answer.stderr.splitlines()) == 1
    assert "ganglion up" in answer.stderr


def test_help_names_the_exit_codes(ganglion: CommandLine) -> None:
    answer = ganglion("--help")
    assert "Exit codes: 0 done" in " ".join(answer.stdout.split())
    assert "--install-completion" in answer.stdout
    assert "--install-completion" not in ganglion("up", "--help").stdout


def test_help_says_what_each_command_and_option_is_for() -> None:
    root: Any = typer.main.get_command(app)
    commands = [root.get_command(None, name) for name in root.list_commands(None)]
    commands += [each for group in commands for each in getattr(group, "commands", {}).values()]
    for command in commands:
        said = (command.help or "").partition("\n\n")[0]
        assert said, command.name
        assert "\n" not in said, f"in the list of commands {command.name} is broken in two"
        for each in command.params:
            assert each.help, f"{command.name} {each.name}"


def test_help_names_the_processes_that_there_are() -> None:
    command: Any = typer.main.get_command(up_app)
    (only,) = [each for each in command.params if each.name == "only"]
    assert only.help.endswith(f": {', '.join(PROCESSES)}.")


def test_doctor_without_a_mesh(ganglion: CommandLine) -> None:
    findings = {each["name"]: each for each in ganglion.json("doctor", "--json")}
    assert findings["nats-server"]["ok"]
    assert findings["home"]["ok"]
    with socket.create_server(("127.0.0.1", int(ganglion.environment["GANGLION_NATS_PORT"]))):
        answer = ganglion("doctor")
    assert answer.returncode == FAILURE
    said = " ".join(answer.stdout.split())
    assert "→ set GANGLION_NATS_PORT to a free port; or, where it is a mesh of yours," in said
    assert "GANGLION_HOME to its home" in said


def test_doctor_says_one_cause_once(ganglion: CommandLine, free_port: FreePort) -> None:
    """What could not be looked at for it is named, and is no trouble of its own."""
    ganglion.environment["NATS_URL"] = f"nats://127.0.0.1:{free_port()}"
    ganglion.environment["CLICKHOUSE_URL"] = f"http://127.0.0.1:{free_port()}"
    answer = ganglion("doctor")
    assert answer.returncode == FAILURE
    bad = [line for line in answer.stdout.splitlines() if line.startswith("BAD")]
    assert [line.split(":")[0] for line in bad] == ["BAD  nats", "BAD  clickhouse"]
    assert "not looked at, see `nats`: stream, nats limits, nats streams" in answer.stdout
    assert "not looked at, see `clickhouse`: schema, positions, subjects" in answer.stdout
    findings = {each["name"]: each for each in ganglion.json("doctor", "--json")}
    assert findings["stream"]["waits_for"] == "nats"
    assert not findings["stream"]["ok"]


def test_the_supervisor_is_small(ganglion: CommandLine) -> None:
    mesh = up(ganglion)
    wait_until(lambda: ganglion.json("status", "--json")["stream"] is not None)
    lines = Path(f"/proc/{mesh.pid}/status").read_text().splitlines()
    kilobytes = int(next(line for line in lines if line.startswith("VmRSS")).split()[1])
    assert kilobytes < 80_000
    assert ganglion("down").returncode == OK


def test_a_broken_pipe_is_no_error(ganglion: CommandLine) -> None:
    command = " ".join(ganglion.argv("settings"))
    answer = subprocess.run(
        f"{command} | head -1",
        shell=True,
        env=ganglion.environment,
        cwd=ganglion.home.parent,
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in answer.stderr
    assert "unexpected" not in answer.stderr
