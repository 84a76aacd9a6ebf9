"""How is `ganglion` run from a test, and how does one see that a process is gone?"""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from ganglion.__main__ import main
from local_mesh.nats_keys import NatsKeys

FreePort = Callable[[], int]


class Terminal(io.TextIOWrapper):
    """Says that somebody reads along."""

    def isatty(self) -> bool:
        return True


@dataclass
class CommandLine:
    """`ganglion …` with the environment of one mesh."""

    home: Path
    environment: dict[str, str]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def __call__(
        self, *arguments: str, stdin: str = "", columns: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end, in this process: what it imports is imported once.

        With `columns` it writes to what says that it is a terminal of so many. Not for `up` in the
        foreground, which becomes another program: `begin` it.
        """
        before = os.environ.copy(), Path.cwd(), sys.argv, sys.stdin, sys.stdout, sys.stderr
        logs = structlog.get_config(), logging.root.handlers[:], logging.root.level
        kind = io.TextIOWrapper if columns is None else Terminal
        out, error = (kind(io.BytesIO(), "utf-8", write_through=True) for _ in "oe")
        code: object = 0
        try:
            os.environ.clear()
            os.environ.update(self.environment)
            if columns is not None:
                os.environ["COLUMNS"] = str(columns)
            os.chdir(self.home.parent)
            sys.argv = ["ganglion", *arguments]
            sys.stdin, sys.stdout, sys.stderr = io.StringIO(stdin), out, error
            main()
        except SystemExit as ended:
            code = ended.code
        finally:
            os.environ.clear()
            os.environ.update(before[0])
            os.chdir(before[1])
            _, _, sys.argv, sys.stdin, sys.stdout, sys.stderr = before
            structlog.configure(**logs[0])
            logging.root.handlers[:] = logs[1]
            logging.root.setLevel(logs[2])
        texts = [text.buffer.getvalue().decode() for text in (out, error)]  # type: ignore[attr-defined]
        return subprocess.CompletedProcess(
            list(arguments), code if isinstance(code, int) else int(code is not None), *texts
        )

    def lead_to(self, nats_url: str) -> None:
        """From now on the mesh of this home is the one on this server."""
        self.environment["NATS_URL"] = nats_url
        keys = NatsKeys(self.home)
        keys.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        keys.listen([nats_url.removeprefix("nats://")])

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run to the end as a process of its own."""
        return subprocess.run(
            self.argv(*arguments),
            env=self.environment,
            cwd=self.home.parent,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def json(self, *arguments: str) -> Any:
        """What it prints, read as JSON."""
        return json.loads(self(*arguments).stdout)

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Run in the background."""
        process = subprocess.Popen(
            self.argv(*arguments),
            env=self.environment,
            cwd=self.home.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def argv(self, *arguments: str) -> list[str]:
        return [sys.executable, "-P", "-m", "ganglion", *arguments]


MakeCommandLine = Callable[[str], CommandLine]

Run = Callable[..., Coroutine[Any, Any, subprocess.CompletedProcess[str]]]


def is_alive(pid: int) -> bool:
    """Whether a process of this pid runs; one that waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
