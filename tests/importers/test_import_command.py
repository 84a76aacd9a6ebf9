"""What does `ganglion import` say, and with which exit code does it end?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nervous_system.bus import Bus
from tests.importers.importing_samples import Repository
from tests.importers.station_samples import lines, make_station, task

Ganglion = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def ganglion(nats_url: str, bus: Bus, tmp_path: Path) -> Ganglion:
    """The command, at a log of this test's own."""
    environment = {
        **os.environ,
        "NATS_URL": nats_url,
        "GANGLION_HOME": str(tmp_path / "home"),
        "GANGLION_REDACT_PATTERNS": '["hunter2"]',
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ganglion", *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


def test_a_bad_file_stops_no_other_and_the_exit_code_says_so(
    ganglion: Ganglion, trajectory_file: Callable[..., Path], tmp_path: Path
) -> None:
    files = [trajectory_file("a.traj"), trajectory_file("b.traj", environment="b")]
    bad = tmp_path / "bad.traj"
    bad.write_text("{")
    copy = tmp_path / "copy.traj"
    copy.write_bytes(files[0].read_bytes())
    names = [str(path) for path in (bad, files[0], copy, tmp_path / "none.traj", files[1])]
    ended = ganglion("import", "swe-agent", *names)
    assert ended.returncode == 4
    assert "10 events added from 3 runs, 1 was there already" in ended.stdout
    assert "bad.traj is not JSON" in ended.stderr
    assert "none.traj cannot be read: No such file" in ended.stderr
    assert "2 parts not imported" in ended.stderr
    again = ganglion("import", "swe-agent", *names, "--json")
    report = json.loads(again.stdout)
    assert (again.returncode, report["events"], len(report["refused"])) == (4, 0, 2)
    good = ganglion("import", "swe-agent", *map(str, files))
    assert (good.returncode, good.stderr) == (0, "")


def test_commits_with_secrets_and_those_that_are_not_whole_are_named(
    ganglion: Ganglion, repository: Repository
) -> None:
    repository.write("a", b"one\n")
    whole = repository.commit("Whole")
    repository.write("a", b"password is hunter2\n")
    secret = repository.commit("With hunter2")
    repository.write("b", b"lost\n")
    lost = repository.commit("Lost")
    blob = repository.git("rev-parse", "HEAD:b").decode().strip()
    (repository.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    ended = ganglion("import", "git", str(repository.path))
    assert ended.returncode == 0, ended.stderr
    assert "9 events added from 3 commits; 3 secrets were taken out" in ended.stdout
    assert f"secrets were in 1 commit: {secret[:12]}\n" in ended.stdout
    assert f"{lost[:12]} is not whole: the repository has lost the content of b" in ended.stderr
    assert "hunter2" not in ended.stdout + ended.stderr
    assert whole[:12] not in ended.stdout + ended.stderr
    again = json.loads(ganglion("import", "git", str(repository.path), "--json").stdout)
    assert (again["events"], again["redacted"], len(again["incomplete"])) == (0, [], 1)


def test_a_line_that_is_no_row_stops_no_other_but_nothing_is_taken_up(
    ganglion: Ganglion, tmp_path: Path
) -> None:
    folder = make_station(
        tmp_path / "s", task_queue_jsonl=lines([task("a")]) + b"{\n" + lines([task("b")])
    )
    (folder / "task_status.jsonl").unlink()
    (folder / "task_status.jsonl").symlink_to("/etc/hostname")
    activated = ganglion("import", "station", str(folder), "--activate")
    assert activated.returncode == 4
    assert "task_queue.jsonl:2: not JSON at column 2" in activated.stderr
    assert "Nothing of it was" in activated.stderr
    ended = ganglion("import", "station", str(folder), "--json")
    report = json.loads(ended.stdout)
    assert (ended.returncode, report["events"]) == (4, 9)
    assert [sentence.partition(": ")[0] for sentence in report["refused"]][:1] == [
        "task_queue.jsonl:2"
    ]
    assert "is a link to another file" in report["refused"][1]
    again = json.loads(ganglion("import", "station", str(folder), "--json").stdout)
    assert (again["events"], again["refused"]) == (0, report["refused"])
