"""How does a test start one of our programs without its importing everything anew?

Before a service does anything, it spends most of a second of processor on imports, and hundreds of
tests start one. So they are forked from one process that has imported them: each still is a
process of its own, with the environment, the folder and the arguments that its test gives it, and
it can be stopped and killed like any other (`docs/decisions/0044-tests-share-servers.md`).
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from multiprocessing.connection import wait
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]

IMPORTED: Final = (
    "__main__",
    "uvloop",
    "nervous_system.client.serving",
    *(f"{service}.wiring" for service in ("governor", "guardian", "ingestor", "overseer")),
    "builtin_worker.wiring",
    "mission_control.wiring",
    "tests.real_servers",
)
"""What programs of tests begin with. Importing it opens nothing and reads no environment."""

_lock = threading.Lock()
"""The end of a process is told once: of two who look at the same moment one would miss it."""


def can_be_forked(command: Sequence[str]) -> bool:
    """Whether this is Python on a file or on a module of ours: `python FILE …`, `python -m …`. As a
    mesh starts them, `python -P -m …`, they are started as a mesh starts them."""
    if len(command) < 2 or command[0] != sys.executable:
        return False
    if command[1] == "-m":
        return (ROOT / command[2].partition(".")[0] / "__init__.py").is_file()
    return command[1].endswith(".py")


class ForkedProcess:
    """A program that is forked; it has what of `subprocess.Popen` a `RealProcess` needs."""

    def __init__(
        self, command: Sequence[str], *, log: Path, environment: Mapping[str, str]
    ) -> None:
        log.touch()
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(IMPORTED))
        given = (list(command[1:]), str(log), dict(environment), str(Path.cwd()))
        self._process = context.Process(target=_become, args=given, daemon=True)
        with _lock:
            self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        with _lock:
            return self._process.exitcode

    def wait(self, timeout: float) -> int:
        """Its exit code. Raises TimeoutExpired."""
        wait([self._process.sentinel], timeout)
        if (code := self.poll()) is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout)
        return code

    def send_signal(self, number: int) -> None:
        """Nothing, if it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _become(words: list[str], log: str, environment: dict[str, str], folder: str) -> None:
    """Go on as Python does with these words."""
    output = os.open(log, os.O_WRONLY | os.O_APPEND)
    for standard in (1, 2):
        os.dup2(output, standard)
    os.close(output)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    if words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        sys.path.insert(0, str(Path(words[0]).parent))
        runpy.run_path(words[0], run_name="__main__")
