"""How does a file come to be whole or not at all, under a name that is safe?"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Final

from nervous_system.ids import subject_key

PARTIAL: Final = ".partial"
"""Suffix of a file that is being made; one that is left was never finished."""

_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")


def file_name(text: str) -> str:
    """`text` as the name of one file: itself where it is plain, its key where it is not."""
    return text if _PLAIN.fullmatch(text) else subject_key(text)


def write_atomically(path: Path, content: bytes) -> None:
    """Make or replace a file, which keeps its permissions. After a crash it is as it was, or as it
    is to be.

    Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.ganglion{PARTIAL}")
    partial.unlink(missing_ok=True)  # of an attempt that died; a link that somebody put there goes
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(partial, flags, 0o666 if mode is None else 0o600), "wb") as file:
        if mode is not None:
            os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    put_in_place(partial, path)


def put_in_place(partial: Path, path: Path) -> None:
    """Give a finished file its name, for good."""
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
