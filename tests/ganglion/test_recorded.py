"""Do `agents`, `sessions` and `files` say who decided and changed what, and why?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ganglion.exit_codes import OK, USAGE
from tests.command_line import CommandLine


@pytest.fixture
def mesh(ganglion: CommandLine) -> Iterator[CommandLine]:
    """One that records, and no more."""
    only = [word for name in ("nats", "clickhouse", "ingestor") for word in ("--only", name)]
    started = ganglion("up", "--detach", *only)
    assert started.returncode == OK, started.stderr
    yield ganglion
    ganglion("down", "--kill")


def test_who_decided_and_changed_what_and_why(mesh: CommandLine, tmp_path: Path) -> None:
    assert "nobody decided or changed anything" in mesh("agents").stdout
    assert mesh("files").stdout == "nobody changed anything, as far as is recorded\n"
    decided = mesh.json(
        *("emit", "decision", "--chosen", "widen", "--rationale", "it is tight\x1b[2J"),
        *("--role", "coder", "--agent-id", "c1", "--json"),
    )["event_id"]
    contents = []
    for number in range(3):
        contents.append(tmp_path / f"{number}")
        contents[-1].write_text(f"{number}\n")
    change = ("emit", "change", "src/a.py", "--role", "coder", "--agent-id", "c1")
    first = mesh(*change, "--after", str(contents[0]), "--because", decided)
    assert first.returncode == OK, first.stderr
    second = mesh(*change, "--before", str(contents[1]), "--after", str(contents[2]))
    assert "somebody else had changed it" in second.stderr
    failed = mesh("emit", "outcome", decided, "--status", "failed", "--agent-id", "c1")
    assert failed.returncode == OK, failed.stderr

    links = mesh.json("files", "history", "src/a.py", "--json")
    assert [each["external"] for each in links] == [False, True, False]
    assert all(each["follows"] for each in links)
    shown = mesh("files", "history", "a.py").stdout.splitlines()
    assert shown[0].startswith("src/a.py in file://")
    assert shown[1].endswith("\twiden: it is tight\\x1b[2J")
    assert "\tfound changed: nobody in the swarm did it" in shown[2]
    assert shown[3].endswith("\tnobody said")

    mesh("emit", "change", "lib/a.py", "--after", str(contents[0]))
    several = mesh("files", "history", "a.py")
    assert (several.returncode, several.stdout) == (USAGE, "")
    assert "a.py is the end of lib/a.py and src/a.py" in several.stderr
    mesh("emit", "change", "src/a.py", "--workspace", "", "--after", str(contents[0]))
    several = mesh("files", "history", "src/a.py")
    assert (several.returncode, several.stdout) == (USAGE, "")
    assert "src/a.py is in file://" in several.stderr
    assert "no workspace; say which with --workspace" in several.stderr
    assert len(mesh.json("files", "history", "src/a.py", "--workspace", "", "--json")) == 1
    assert [
        each["workspace"] for each in mesh.json("files", "list", "--workspace", "", "--json")
    ] == [""]
    nobody = mesh("files", "history", "b.py")
    assert (nobody.returncode, nobody.stdout) == (USAGE, "")
    assert "nobody has changed b.py" in nobody.stderr
    assert [each["resource"] for each in mesh.json("files", "--json")] == [
        "src/a.py",
        "lib/a.py",
        "src/a.py",
    ]

    agents = {
        (each["agent_id"], each["agent_role"]): each for each in mesh.json("agents", "--json")
    }
    coder = agents["c1", "coder"]
    assert (coder["decisions"], coder["decided"]) == (1, "widen")
    assert agents["c1", "operator"]["failures"] == 1
    sessions = mesh.json("sessions", "--json", "--agent", "c1")
    assert {each["agent_id"] for each in sessions} == {"c1"}
    assert {each["missing"] for each in sessions} == {0}
    for_all = mesh("sessions", "--agent", "c1").stdout.splitlines()
    assert sorted(line.split("\t")[-1] for line in for_all) == [
        "0 decisions, 0 changes",
        "0 decisions, 1 change",
        "0 decisions, 2 changes",
        "1 decision, 0 changes",
    ]
    assert all(each["missing"] == 0 for each in mesh.json("sessions", "--all", "--json"))
    assert sum(each["decisions"] for each in sessions) == 1
