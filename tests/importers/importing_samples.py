"""What are the importers tested on? Repositories and trajectories that are made here."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REAL_TRAJECTORIES = Path(__file__).parents[3] / "shared" / "data" / "trajectories"


@dataclass(frozen=True)
class Repository:
    """A git repository that a test writes, blind to the configuration of whoever runs the tests."""

    path: Path

    def git(self, *arguments: str, seconds: int = 1_600_000_000, content: bytes = b"") -> bytes:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.path),
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ada Lovelace",
            "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Charles Babbage",
            "GIT_COMMITTER_EMAIL": "charles@example.org",
            "GIT_AUTHOR_DATE": f"{seconds - 100} +0100",
            "GIT_COMMITTER_DATE": f"{seconds} +0200",
        }
        return subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=environment,
            input=content,
            check=True,
            capture_output=True,
        ).stdout

    def commit(self, message: str, *, seconds: int = 1_600_000_000) -> str:
        self.git("add", "--all")
        self.git(
            "commit",
            "--quiet",
            "--allow-empty",
            "--allow-empty-message",
            "--file=-",
            seconds=seconds,
            content=message.encode(),
        )
        return self.git("rev-parse", "HEAD").decode().strip()

    def write(self, path: str | bytes, content: bytes) -> None:
        target = self.path / os.fsdecode(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def tiny_trajectory(**changes: Any) -> dict[str, Any]:
    """A whole trajectory of two steps; `changes` replace its parts."""
    document: dict[str, Any] = {
        "environment": "main",
        "trajectory": [
            {
                "action": "ls\n",
                "observation": "a.txt\r\n",
                "response": "I look.\nls",
                "thought": "I look.",
                "execution_time": 0.25,
                "state": {"open_file": "", "working_dir": "/owner__project"},
            },
            {
                "action": "submit",
                "observation": "done",
                "response": "",
                "thought": "Done.",
                "execution_time": 1.5,
                "state": "{}",
            },
        ],
        "history": [
            {"role": "system", "content": "You are an agent."},
            {"role": "user", "content": "A demonstration.", "is_demo": True},
            {"role": "user", "content": "Fix the bug."},
        ],
        "info": {
            "exit_status": "submitted",
            "submission": (
                "\ndiff --git a/a.txt b/a.txt\nindex 7898192..6178079 100644\n"
                "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-a\n+b\n"
            ),
            "model_stats": {
                "instance_cost": 0.125,
                "tokens_sent": 1000,
                "tokens_received": 50,
                "api_calls": 2,
            },
        },
    }
    return document | changes
