"""What can another user of this machine do to a home?"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from embedded_clickhouse.folder import open_folder
from embedded_clickhouse.passwords import own_passwords
from local_mesh.home import Home
from local_mesh.key_files import ensure_mesh_key
from local_mesh.supervisor.log_file import open_log


@pytest.fixture(autouse=True)
def careless() -> Iterator[None]:
    """A process whose files everybody may write to."""
    before = os.umask(0)
    yield
    os.umask(before)


def _log(home: Path) -> None:
    os.close(open_log(home / "logs" / "x.log", max_bytes=1))


def _engine(home: Path) -> None:
    open_folder(home / "clickhouse", max_memory_bytes=1 << 30, is_open=False).close()


@pytest.mark.parametrize(
    "first",
    [
        lambda home: Home.at(home).create(),
        ensure_mesh_key,
        lambda home: own_passwords(home / "keys" / "clickhouse", ["analyst"]),
        _log,
        _engine,
    ],
    ids=["up", "keys new", "passwords", "log", "engine"],
)
def test_nobody_else_enters_a_home_whatever_makes_it(
    tmp_path: Path, first: Callable[[Path], object]
) -> None:
    """Its rules and its trusted keys are in it: who may write there has them obeyed."""
    home = tmp_path / "missing" / "home"
    first(home)
    made = [home.parent, home, *(each for each in home.iterdir() if each.is_dir())]
    assert {each.name: oct(stat.S_IMODE(each.stat().st_mode)) for each in made} == {
        each.name: "0o700" for each in made
    }


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    Home.at(home).create()
    assert stat.S_IMODE(home.stat().st_mode) == 0o755
