"""How does the dashboard look? `make screenshots`: every page, light and dark, on a desk and on a
phone, of an empty mesh and of one in which a swarm has worked."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from local_mesh.home import Home
from tests.command_line import CommandLine
from tests.dashboard.node import ROOT, chromium, run_script, why_not
from tests.real_servers import free_port

FOLDER = ROOT / ".screenshots"
AGENTS, TASKS = "50", "2000"


def main() -> int:
    """The exit code."""
    browser = chromium()
    if lacking := why_not() or (
        "" if browser else "chromium is not here: apt-get install chromium"
    ):
        print(lacking, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        ports = ("NATS", "NATS_MONITOR", "CLICKHOUSE", "HTTP")
        ganglion = CommandLine(
            home=home,
            environment={
                **os.environ,
                "GANGLION_HOME": str(home),
                **{f"GANGLION_{each}_PORT": str(free_port()) for each in ports},
            },
        )
        ganglion.run("up", "--detach").check_returncode()
        try:
            code = _pictures(ganglion, browser or "", "empty")
            ganglion.run("simulate", "--agents", AGENTS, "--tasks", TASKS)
            diagnose = ("diagnose this machine", "--plan", "diagnose")
            ganglion.run("objectives", "add", *diagnose)
            return code or _pictures(ganglion, browser or "", "full")
        finally:
            ganglion.run("down")


def _pictures(ganglion: CommandLine, browser: str, name: str) -> int:
    done = run_script(
        *("browser", "tests/screenshots.test.ts"),
        environment={
            "GANGLION_PAGE": f"http://localhost:{ganglion.environment['GANGLION_HTTP_PORT']}",
            "GANGLION_KEY": str(Home.at(ganglion.home).http_key),
            "GANGLION_CHROMIUM": browser,
            "GANGLION_PICTURES": str(FOLDER / name),
        },
    )
    print(done.stdout if done.returncode == 0 else done.stdout + done.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
