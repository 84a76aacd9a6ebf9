"""How is a file written as a whole or not at all, and a folder made that only its owner enters?"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

PRIVATE: Final = 0o600
"""For its owner only."""


def write_atomically(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """
    The file has this content, on disk, when this returns; its permissions are `mode`, or what the
    process usually gives.

    Whoever reads it meanwhile finds the old content or the new one. Raises OSError.
    """
    beside = _write_beside(path, content, mode)
    try:
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def create_atomically(path: Path, content: bytes, *, mode: int | None = None) -> bool:
    """
    As `write_atomically`, but never over what is there, a link among it: whether it was made here.
    Of two that make it at once one does. Raises OSError."""
    beside = _write_beside(path, content, mode)
    try:
        os.link(beside, path)
    except FileExistsError:
        return False
    finally:
        beside.unlink()
    return True


def _write_beside(path: Path, content: bytes, mode: int | None) -> Path:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(beside, flags, 0o666 if mode is None else PRIVATE)
        with os.fdopen(descriptor, "wb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return beside


_OWNERS: Final = 0o700


def make_private(folder: Path) -> None:
    """
    Make a folder, and those above it that are missing, for their owner only.

    `mkdir` of Python gives its mode to the last one: those above it, a home among them, would be as
    open as the process usually makes them, and who writes into a home writes its rules and its
    trusted keys. What is there already stays as it is. Raises OSError.
    """
    if not folder.is_dir():
        make_private(folder.parent)
        folder.mkdir(mode=_OWNERS, exist_ok=True)
