"""Does the README's tour work, to the letter, against a mesh that `ganglion up` started?"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_servers import free_port

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
TOUR = [
    line
    for block in re.findall(r"^```bash\n(.*?)^```", README, flags=re.M | re.S)
    for line in block.strip().splitlines()
]


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a mesh in a home and on ports of its own."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "GANGLION_HOME": str(tmp_path_factory.mktemp("home")),
        "GANGLION_NATS_PORT": str(free_port()),
        "GANGLION_NATS_MONITOR_PORT": str(free_port()),
        "GANGLION_CLICKHOUSE_PORT": str(free_port()),
    }
    for name in ("NATS_URL", "CLICKHOUSE_URL"):
        environment.pop(name, None)
    _run("ganglion up --detach", environment)
    yield environment
    _run("ganglion down", environment)


def _run(command: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _recorded(environment: dict[str, str]) -> bool:
    """Whether everything that is on the log is in ClickHouse."""
    return '"lag": 0,' in _run("ganglion status --json", environment)


def test_the_tour(mesh: dict[str, str]) -> None:
    """Every command of it, in order, each seeing what the one before put on the log."""
    environment = {**mesh, "NATS_URL": f"nats://127.0.0.1:{mesh['GANGLION_NATS_PORT']}"}
    said: list[str] = []
    for command in TOUR:
        if command.startswith("export PATH"):
            continue
        if command.startswith("ganglion sql"):
            _wait_until_recorded(environment)
        said.append(_run(command, environment))
    whole = "\n".join(said)
    assert "first-agent\tNobody greets the swarm yet.\twrite greeting.txt\t0.9" in whole
    assert "+Hello, swarm." in whole
    assert "the demo token is [REDACTED]" in whole
    assert "ghp_" not in whole
    assert "first is planned" in whole
    assert "first.report" in whole
    imports = [line for line in said if "events added from" in line]
    assert len(imports) == 2
    assert ": 0 events added" in imports[1]
    assert "nothing is parked" in whole


def _wait_until_recorded(environment: dict[str, str]) -> None:
    for _ in range(100):
        if _recorded(environment):
            return
    raise AssertionError(_run("ganglion status", environment))


def test_every_file_the_readme_names_is_there() -> None:
    named = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert [link for link in named if not (ROOT / link).exists()] == []
