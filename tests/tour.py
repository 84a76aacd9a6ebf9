"""The README's tour, to the letter, against a mesh that an environment leads to."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"^```bash\n(.*?)^```", README, flags=re.M | re.S)
    for line in block.strip().splitlines()
]


def environment() -> dict[str, str]:
    """That of somebody who has set up this repository, and named no mesh."""
    bare = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GANGLION_", "NATS_", "CLICKHOUSE_"))
    }
    return {
        **bare,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        # A machine that runs tests is busy, and two samples in a row would hold the tasks for it.
        "GANGLION_GOVERNOR_SAMPLE_SECONDS": "3600",
    }


def run(command: str, environment: dict[str, str], *, folder: Path = ROOT) -> str:
    """What the command prints; it must end well."""
    done = _done(command, environment, folder)
    for _ in range(100):
        # On a busy machine a service may be held up for a moment, and `status` says so.
        if done.returncode == 0 or not command.startswith("ganglion status"):
            break
        done = _done(command, environment, folder)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _done(
    command: str, environment: dict[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )


def take(environment: dict[str, str]) -> None:
    """Every command of it, in order, each seeing what the one before put on the log."""
    said: list[str] = []
    for command in COMMANDS:
        if command.startswith("export PATH"):
            continue
        if "ganglion sql" in command:
            _wait_until_recorded(environment)
        said.append(run(command, environment))
    whole = "\n".join(said)
    assert "first-agent\tNobody greets the swarm yet.\twrite greeting.txt\t0.9" in whole
    assert "\tFILE_SYSTEM greeting.txt nothing → " in whole
    assert "\twrite greeting.txt: Nobody greets the swarm yet." in whole
    assert "the demo token is [REDACTED]" in whole
    assert "ghp_" not in whole
    assert "first is planned" in whole
    assert "look is added" in whole
    assert "it would become 3 tasks" in whole
    assert "first.report is to do diagnose.report" in whole
    imports = [line for line in said if "events added from" in line]
    assert len(imports) == 2
    assert ": 0 events added" in imports[1]
    assert "claimed" in whole.partition("trace ")[2]
    if "GANGLION_JAEGER_URL" in environment:
        assert "Jaeger: http" in whole
    assert "nothing is parked" in whole


def _wait_until_recorded(environment: dict[str, str]) -> None:
    for _ in range(100):
        if '"lag": 0,' in run("ganglion status --json", environment):
            return
    raise AssertionError(run("ganglion status", environment))
