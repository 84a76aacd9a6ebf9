"""Does `ganglion logs` show what processes wrote, safely and in order, and go on with it?"""

from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ganglion.exit_codes import INTERRUPTED, OK, USAGE
from local_mesh.home import Home
from local_mesh.service_logs import ServiceLogs
from tests.command_line import CommandLine


def line(second: int, action: str, **more: object) -> str:
    at = f"2026-11-30T10:00:{second:02}Z"
    return json.dumps({"timestamp": at, "level": "info", "action": action, **more}) + "\n"


@pytest.fixture
def logs(ganglion: CommandLine) -> Path:
    """The folder of the logs of a home, with those of two processes."""
    here = datetime(2026, 11, 30, 10, 0, 3, tzinfo=UTC).astimezone()
    folder = ganglion.home / "logs"
    folder.mkdir(parents=True, mode=0o700)
    (folder / "overseer.log").write_text(
        line(1, "began") + "Traceback\x1b[2J of a crash\n" + line(5, "ended", reason="lunch")
    )
    (folder / "nats.log").write_text(f"[7] {here:%Y/%m/%d %H:%M:%S}.000001 [INF] Server is ready\n")
    (folder / "overseer.log.1").write_text(line(0, "long ago"))
    (folder / "planted.log").symlink_to(ganglion.home.parent / "elsewhere")
    return folder


def test_lines_of_all_in_the_order_of_their_times_and_terminal_safe(
    ganglion: CommandLine, logs: Path
) -> None:
    said = ganglion("logs")
    assert said.returncode == OK
    cells = [each.split("\t") for each in said.stdout.splitlines()]
    assert [(each[1], each[3]) for each in cells] == [
        ("overseer", "began"),
        ("overseer", "Traceback\\x1b[2J of a crash"),
        ("nats", "Server is ready"),
        ("overseer", "ended reason=lunch"),
    ]
    one = ganglion("log", "overseer", "-n", "1", "--json")
    assert json.loads(one.stdout)["reason"] == "lunch"
    assert "\x1b[2J" not in ganglion("logs", columns=80).stdout


@pytest.mark.parametrize(
    ("name", "said"),
    [("oversee", "did you mean overseer?"), ("../../x", "there are nats"), ("planted", "no log")],
)
def test_who_has_no_log_is_said(ganglion: CommandLine, logs: Path, name: str, said: str) -> None:
    answer = ganglion("logs", name)
    assert (answer.returncode, answer.stdout) == (USAGE, "")
    assert said in answer.stderr


def test_a_home_without_logs_says_so(ganglion: CommandLine) -> None:
    answer = ganglion("logs")
    assert (answer.returncode, "there are no logs in" in answer.stderr) == (USAGE, True)


def test_it_goes_on_where_a_file_is_written_to_emptied_or_set_aside(logs: Path) -> None:
    reading = ServiceLogs(Home.at(logs.parent), ["overseer"])
    file = logs / "overseer.log"
    assert [each.text for each in reading.last(1)] == [line(5, "ended", reason="lunch").strip()]
    assert reading.new() == []
    with file.open("a") as end:
        end.write("half")
        end.flush()
        assert reading.new() == []
        end.write(" a line\nnext\n")
    assert [each.text for each in reading.new()] == ["half a line", "next"]
    file.write_text("anew\n")
    assert [each.text for each in reading.new()] == ["anew"]
    file.replace(logs / "overseer.log.1")
    assert reading.new() == []
    file.write_text("a file of its own\n")
    assert [each.text for each in reading.new()] == ["a file of its own"]


def test_what_is_written_is_shown_until_it_is_interrupted(
    ganglion: CommandLine, logs: Path
) -> None:
    following = ganglion.begin("logs", "nats", "-f", "-n", "1")
    assert following.stdout is not None
    assert following.stdout.readline().endswith("\tinfo\tServer is ready\n")
    with (logs / "nats.log").open("a") as end:
        end.write(line(9, "still there"))
    assert following.stdout.readline().endswith("\tstill there\n")
    os.kill(following.pid, signal.SIGINT)
    assert following.wait() == INTERRUPTED
