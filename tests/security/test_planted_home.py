"""Does a mesh start in a home that somebody else prepared? A line of his in `trusted_keys` would
make his key the mesh's own, and a link of his in the place of a log would be written through."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from local_mesh.home import Home
from nervous_system.errors import Fatal

ANOTHER = 12_345
"""The number of a user that is not us."""


def becomes_anothers(path: Path, patching: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:
        os.chown(path, ANOTHER, ANOTHER, follow_symlinks=False)
    else:  # nobody may give files away: so we are another
        patching.setattr(os, "geteuid", lambda: ANOTHER)


@pytest.mark.parametrize("name", ["", "run", "logs", "nats", "clickhouse"])
def test_a_folder_that_everybody_can_write_to_is_none(tmp_path: Path, name: str) -> None:
    home = tmp_path / "home"
    (home / name).mkdir(parents=True)
    (home / name).chmod(0o777)
    before = sorted(home.rglob("*"))
    with pytest.raises(Fatal, match="can be written to by everybody"):
        Home.at(home).create()
    assert sorted(home.rglob("*")) == before, "nothing is made there"
    (home / name).chmod(0o755)
    Home.at(home).create()


def test_a_home_that_we_made_is_ours_the_next_time_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        Home.at(tmp_path / "of" / "mine").create()
    finally:
        os.umask(before)
    Home.at(tmp_path / "of" / "mine").create()


@pytest.mark.parametrize("name", ["", "run", "logs", "nats", "clickhouse"])
def test_nor_is_somebody_elses(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    (home / name).mkdir(parents=True)
    becomes_anothers(home / name, monkeypatch)
    with pytest.raises(Fatal, match="belongs to another user"):
        Home.at(home).create()


def test_nor_is_a_link_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own"
    own.mkdir()
    link = tmp_path / "home"
    link.symlink_to(own)
    Home.at(link).create()  # our own may lead to where there is room
    becomes_anothers(link, monkeypatch)
    with pytest.raises(Fatal, match="belongs to another user"):
        Home.at(link).create()
