"""How does a file come to be whole or not at all, under a name that is safe?"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Final

from nervous_system.ids import subject_key

PARTIAL: Final = ".partial"
"""Suffix of a file that is being made; one that is left was never finished."""

_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")


def file_name(text: str) -> str:
    """`text` as the name of one file: itself where it is plain, its key where it is not."""
    return text if _PLAIN.fullmatch(text) else subject_key(text)


def write_whole(path: Path, content: bytes) -> None:
    """Make or replace a file, which keeps its permissions. After a crash it is as it was, or as it
    is to be.

    Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + PARTIAL)
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if path.exists():
        shutil.copymode(path, partial)
    put_in_place(partial, path)


def put_in_place(partial: Path, path: Path) -> None:
    """Give a finished file its name, for good."""
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
