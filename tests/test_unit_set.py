"""Are tests that start something told from those that don't, and can none be in the wrong set?"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.real_servers import NatsServer, RealProcess
from tests.unit_set import UNIT, nothing_starts, starts


def by_module() -> None:
    subprocess.run(["true"])


def by_class() -> None:
    RealProcess(["true"], log=Path("log")).kill()


def by_another() -> None:
    by_class()


def by_inner() -> None:
    def inner() -> None:
        by_another()

    inner()


def by_closure() -> Callable[[], None]:
    of = by_another

    def inner() -> None:
        of()

    return inner


def harmless() -> None:
    assert Path("log").name == "log"


def test_whoever_can_reach_the_start_of_a_process_is_found() -> None:
    assert all(starts(each) for each in (by_module, by_class, by_another, by_inner, by_closure()))
    assert not starts(harmless)


def test_a_test_with_a_server_is_not(
    request: pytest.FixtureRequest, nats_server: NatsServer
) -> None:
    assert request.node.get_closest_marker(UNIT) is None


def _fork() -> None:
    if (pid := os.fork()) == 0:  # pragma: no cover
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)


@pytest.mark.parametrize(
    ("does", "named"),
    [
        (by_module, "subprocess.Popen"),
        (_fork, "os.fork"),
        (lambda: os.posix_spawn("/bin/true", ["true"], {}), "os.posix_spawn"),
        (lambda: os.system("true"), "os.system"),
        (lambda: socket.create_connection(("192.0.2.1", 80), timeout=1), "192.0.2.1"),
        (lambda: __import__("chdb"), "chdb"),
    ],
)
def test_what_the_reading_does_not_see_the_guard_does(
    does: Callable[[], object], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the code under test swallows the refusal."""
    monkeypatch.delitem(sys.modules, "chdb", raising=False)
    with pytest.raises(pytest.fail.Exception, match=named), nothing_starts(), suppress(OSError):
        does()


def test_who_listens_on_this_machine_may() -> None:
    with nothing_starts(), socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


def test_a_new_test_that_hides_what_it_starts_fails(tmp_path: Path) -> None:
    """As the suite runs it: it counts as a unit test, is refused, and is told what to do."""
    (tmp_path / "test_new.py").write_text(
        "import importlib\n"
        "def test_new():\n"
        "    importlib.import_module('sub' + 'process').run(['true'])\n"
    )
    (tmp_path / "conftest.py").write_text("from tests.conftest import *\n")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *("-m", UNIT), *("-p", "no:cacheprovider"), str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "mark it `process`" in ran.stdout
