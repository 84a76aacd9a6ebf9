"""Does a file stay inside the folder it is written into, whatever it is called?"""

from __future__ import annotations

from pathlib import Path

import pytest

from nervous_system.host.inside import Inside, PathRefused


@pytest.mark.parametrize(
    "path",
    [
        *("../out", "a/../../out", "..", "/out", "//out", "", ".", "./a", "a//b", "a/", "a\0b"),
        *(".git/hooks/post-checkout", "a/.GIT/config", ".git", ".git./config", ".git /x"),
        *("git~1/config", ".ganglion/policy.yaml", "sub/.Ganglion/trusted_keys"),
    ],
)
def test_a_hostile_path_is_refused(tmp_path: Path, path: str) -> None:
    inside = Inside(tmp_path / "in")
    with pytest.raises(PathRefused):
        inside.write(path, b"x", overwrite=True)
    assert list(tmp_path.rglob("*")) == [tmp_path / "in"]


def test_no_link_is_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(b"kept")
    folder = tmp_path / "in"
    inside = Inside(folder)
    (folder / "link").symlink_to(outside, target_is_directory=True)
    (folder / "to_file").symlink_to(outside / "file")
    (folder / "to_nothing").symlink_to(outside / "new")
    with pytest.raises(PathRefused, match="a file or a link"):
        inside.write("link/file", b"x", overwrite=True)
    for name in ("to_file", "to_nothing"):
        with pytest.raises(FileExistsError):
            inside.write(name, b"x")
        inside.write(name, b"x", overwrite=True)
        assert (folder / name).read_bytes() == b"x"
        assert not (folder / name).is_symlink()
    assert {each.name for each in outside.iterdir()} == {"file"}
    assert (outside / "file").read_bytes() == b"kept"


def test_what_is_there_stays_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    inside = Inside(tmp_path)
    inside.write("a/b/c", b"one")
    with pytest.raises(FileExistsError):
        inside.write("a/b/c", b"two")
    with pytest.raises(PathRefused, match="c is no folder"):
        inside.write("a/b/c/d", b"two", overwrite=True)
    with pytest.raises(OSError, match="directory"):
        inside.write("a/b", b"two", overwrite=True)
    assert (tmp_path / "a/b/c").read_bytes() == b"one"
    assert [each.name for each in tmp_path.rglob("*")] == ["a", "b", "c"]
    inside.write("a/b/c", b"two", overwrite=True)
    assert (tmp_path / "a/b/c").read_bytes() == b"two"
    with pytest.raises(OSError, match="too long"):
        inside.write("n" * 300, b"x", overwrite=True)
    assert sorted(each.name for each in tmp_path.rglob("*")) == ["a", "b", "c"]
