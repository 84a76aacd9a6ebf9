"""May somebody who was let in as an operator do what one does, from a folder without a home?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from command_line import CommandLine

NAME = "anna b"


def test_a_named_operator_asks_and_publishes_under_that_name(
    ganglion: CommandLine, tmp_path: Path
) -> None:
    started = ganglion("up", "--detach", "--only", "nats", "--only", "overseer")
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
                timeout=100,
                check=False,
                cwd=tmp_path / "elsewhere",
                env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            )
            assert ended.returncode == 0, f"{words}: {ended.stderr}"
            return ended.stdout

        says("objective", "add", "Diagnose this machine", "--id", "o1")
        says("objective", "cancel", "o1")
        assert not list((tmp_path / "elsewhere").iterdir())
        for words in (
            ("halt", "--json"),
            ("resume", "--json"),
            ("emit", "decision", "--rationale", "r", "--chosen", "c", "--json"),
        ):
            position = str(json.loads(says(*words))["sequence"])
            line = says("tail", "--from", position, "-n", "1", "--json")
            assert f'"agent_id": "{NAME}"' in line, "its key speaks for that name"
    finally:
        ganglion("down")
