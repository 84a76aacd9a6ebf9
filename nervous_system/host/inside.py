"""How is a file written inside a folder, whatever somebody else has called it?

Each folder on the way is opened below the one before, and no link is followed: neither `..`, an
absolute path nor a link that lies there leads out, also if it is put there meanwhile.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

OBEYED: Final = frozenset({".git", "git~1", ".ganglion"})
"""Folders in which programs find what they run or go by; in any case of letters."""


class PathRefused(ValueError):
    """A path that no file inside a folder has, or that is not written to, and why."""


def steps_of(path: str) -> list[str]:
    """The names on the way from a folder to a file. Raises PathRefused."""
    steps = path.split("/")
    if path.startswith("/"):
        raise PathRefused("its path is absolute")
    if ".." in steps:
        raise PathRefused("its path goes up with `..`")
    if not path or "" in steps or "." in steps or "\0" in path:
        raise PathRefused("its path is none of a file")
    if obeyed := [each for each in steps if each.rstrip(". ").casefold() in OBEYED]:
        raise PathRefused(f"programs go by what lies in {obeyed[0]}: it is not written to")
    return steps


class Inside:
    """A folder that files are written into."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder if it is not there. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def write(self, path: str, content: bytes, *, overwrite: bool = False) -> None:
        """A new file; `overwrite`: also in the place of another file, or link, which is replaced.

        Raises PathRefused, FileExistsError, OSError.
        """
        *way, name = steps_of(path)
        with self._opened(way) as folder:
            if not overwrite:
                _write_new(name, content, folder=folder)
                return
            beside = f".{secrets.token_hex(8)}.new"
            _write_new(beside, content, folder=folder)
            try:
                os.replace(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
            except OSError:
                os.unlink(beside, dir_fd=folder)
                raise

    @contextmanager
    def _opened(self, way: list[str]) -> Iterator[int]:
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for name in way:
                with suppress(FileExistsError):
                    os.mkdir(name, dir_fd=folder)
                try:
                    below = os.open(name, _FOLDER, dir_fd=folder)
                except NotADirectoryError as error:
                    raise PathRefused(f"{name} is no folder there, but a file or a link") from error
                os.close(folder)
                folder = below
            yield folder
        finally:
            os.close(folder)


def _write_new(name: str, content: bytes, *, folder: int) -> None:
    with os.fdopen(os.open(name, _NEW_FILE, 0o666, dir_fd=folder), "wb") as file:
        file.write(content)
