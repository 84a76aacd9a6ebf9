"""Is whoever acts on a mesh that is not of this home asked, and whoever reads never?"""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ganglion.exit_codes import FAILURE, NOT_RUNNING, OK, USAGE
from nervous_system.bus import Bus
from tests.command_line import CommandLine
from tests.real_servers import NatsServer

ACTS = (
    ("halt",),
    ("resume",),
    ("objective", "approve", "o"),
    ("objective", "cancel", "o"),
    ("tasks", "cancel", "t"),
    ("tasks", "quarantine", "t"),
    ("tasks", "retry", "t"),
    ("tasks", "restore", "t"),
    ("epochs", "republish", "1"),
    ("parked", "replay"),
    ("repair",),
)
READS = (("status",), ("tasks",), ("objective", "list"), ("incidents",))


@pytest.fixture
def elsewhere(ganglion: CommandLine, bus: Bus, nats_server: NatsServer) -> Iterator[CommandLine]:
    """Somebody whose NATS_URL leads to a mesh that is not of his home."""
    ganglion.environment["NATS_URL"] = nats_server.url
    yield ganglion


@pytest.mark.parametrize("words", ACTS)
def test_nothing_is_done_elsewhere_unless_that_is_said(
    elsewhere: CommandLine, words: tuple[str, ...], nats_server: NatsServer
) -> None:
    answer = elsewhere(*words)
    assert (answer.returncode, answer.stdout) == (USAGE, "")
    assert f"the mesh at {nats_server.url} (by NATS_URL and GANGLION_HOME)" in answer.stderr
    assert answer.stderr.endswith("say --yes where that is meant\n")


def test_with_yes_it_is_done_and_reading_never_asks(elsewhere: CommandLine) -> None:
    assert elsewhere("halt", "--yes").returncode == OK
    for words in READS:
        assert "--yes" not in elsewhere(*words).stderr, words
    assert "halt_ordered" in elsewhere("tail", "--from", "1", "-n", "1", "--json").stdout


def test_of_the_home_itself_nobody_is_asked(
    ganglion: CommandLine, bus: Bus, nats_server: NatsServer
) -> None:
    ganglion.lead_to(nats_server.url)
    assert ganglion("halt").returncode == OK


def test_a_home_where_no_mesh_was_started_leads_to_whatever_answers(
    ganglion: CommandLine, bus: Bus, nats_server: NatsServer
) -> None:
    ganglion.environment["GANGLION_NATS_PORT"] = str(nats_server.port)
    answer = ganglion("halt")
    assert (answer.returncode, "whatever mesh answers at" in answer.stderr) == (USAGE, True)


@pytest.mark.parametrize(("typed", "code"), [("y\n", OK), ("n\n", FAILURE), ("\n", FAILURE)])
def test_on_a_terminal_a_person_is_asked(elsewhere: CommandLine, typed: str, code: int) -> None:
    person, terminal = pty.openpty()
    try:
        process = subprocess.Popen(
            elsewhere.argv("halt", "--json"),
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=terminal,
            env=elsewhere.environment,
            cwd=elsewhere.home.parent,
        )
        os.close(terminal)
        asked = b""
        while b"Go on?" not in asked:
            asked += os.read(person, 1024)
        os.write(person, typed.encode())
        stdout, _ = process.communicate(timeout=100)
    finally:
        os.close(person)
    assert process.returncode == code
    assert stdout.startswith(b"{") == (code == OK)


def test_whoever_stands_in_one_home_and_chose_another_is_asked_before_that_is_stopped(
    ganglion: CommandLine, tmp_path: Path
) -> None:
    line = CommandLine(
        home=ganglion.home,
        environment={
            name: value
            for name, value in ganglion.environment.items()
            if not name.startswith("GANGLION_")
        }
        | {"XDG_CONFIG_HOME": str(tmp_path / "config")},
    )
    assert line("context", "add", "other", "--home", str(tmp_path / "other")).returncode == OK
    assert line("context", "use", "other").returncode == OK
    assert line("down").returncode == NOT_RUNNING, "there is no other that could be meant"
    (ganglion.home.parent / ".ganglion").mkdir()
    answer = line("down")
    assert answer.returncode == USAGE
    assert f"this would stop the mesh in {tmp_path}/other" in answer.stderr
    assert line("down", "--yes").returncode == NOT_RUNNING
    assert line("--context", "other", "down").returncode == NOT_RUNNING, "he said so just now"
