"""May somebody who was let in as an operator do what one does, from a folder without a home?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ganglion.exit_codes import OK, USAGE
from nervous_system.bus import Bus
from tests.command_line import CommandLine
from tests.real_servers import NatsServer

NAME = "anna b"


def test_without_a_clickhouse_the_rest_works_and_that_is_said(
    ganglion: CommandLine, bus: Bus, nats_server: NatsServer
) -> None:
    ganglion.environment["NATS_URL"] = nats_server.url
    status = ganglion("status")
    assert (status.returncode, status.stderr) == (OK, "")
    assert "ClickHouse: nobody said where it is; CLICKHOUSE_URL does\n" in status.stdout
    findings = {each["name"]: each for each in ganglion.json("doctor", "--json")}
    assert findings["clickhouse"]["ok"]
    asked = ganglion("sql", "SELECT 1")
    assert asked.returncode == USAGE
    assert asked.stderr == (
        f"ganglion: nobody said where the ClickHouse of the mesh at {nats_server.url} is; set"
        " CLICKHOUSE_URL to what `ganglion keys clickhouse` prints in its home\n"
    )


@pytest.mark.timeout(900)
def test_a_named_operator_asks_and_publishes_under_that_name(
    ganglion: CommandLine, tmp_path: Path
) -> None:
    wanted = ("nats", "clickhouse", "ingestor", "overseer")
    started = ganglion("up", "--detach", *(word for each in wanted for word in ("--only", each)))
    assert started.returncode == 0, started.stderr
    try:
        made = ganglion("keys", "new", NAME, "--role", "operator")
        assert made.returncode == 0, made.stderr
        (credentials,) = (ganglion.home / "keys" / "credentials").iterdir()
        (tmp_path / "elsewhere").mkdir()

        def says(*words: str) -> str:
            command = 'set -a; . "$0"; set +a; exec "$@"'
            ended = subprocess.run(
                ["sh", "-c", command, str(credentials), sys.executable, "-m", "ganglion", *words],
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
                cwd=tmp_path / "elsewhere",
                env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            )
            assert ended.returncode == 0, f"{words}: {ended.stderr}"
            return ended.stdout

        says("objective", "add", "Diagnose this machine", "--id", "o1")
        says("objective", "cancel", "o1", "--yes")
        assert says("sql", "SELECT count() > 0 FROM swarm.events") == "1\n"
        status = json.loads(says("status", "--json"))
        assert (status["state"], status["watermark"] > 0) == ("running elsewhere", True)
        assert not list((tmp_path / "elsewhere").iterdir())
        for words in (
            ("halt", "--json", "--yes"),
            ("resume", "--json", "--yes"),
            ("emit", "decision", "--rationale", "r", "--chosen", "c", "--json"),
        ):
            position = str(json.loads(says(*words))["sequence"])
            line = says("tail", "--from", position, "-n", "1", "--json")
            assert f'"agent_id": "{NAME}"' in line, "its key speaks for that name"
    finally:
        ganglion("down")
