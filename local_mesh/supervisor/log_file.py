"""Where does a process's output go, how is the file kept small, and what did it say last?"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from nervous_system.errors import Fatal
from nervous_system.host.files import make_private

_TAIL_BYTES: Final = 32 * 1024


def open_log(path: Path, *, max_bytes: int) -> int:
    """A file descriptor to append to; a file larger than `max_bytes` is first set aside as `.1`."""
    try:
        make_private(path.parent)
        if path.exists() and path.stat().st_size > max_bytes:
            path.replace(path.with_suffix(f"{path.suffix}.1"))
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Fatal(
            f"the log file {path} cannot be written ({error.strerror}); make room or set"
            " GANGLION_HOME to another folder"
        ) from error


def bound_log(path: Path, *, max_bytes: int) -> None:
    """Set a file aside that grew too large while its process runs: it is copied, then emptied.

    The writer appends, so it goes on at the new end. Lines written during the copy may be lost.
    """
    if path.exists() and path.stat().st_size > max_bytes:
        path.with_suffix(f"{path.suffix}.1").write_bytes(_last_bytes(path, max_bytes))
        os.truncate(path, 0)


def last_lines(path: Path, *, since_byte: int = 0, count: int = 8) -> list[str]:
    """The last lines that were written after position `since_byte`; none when there is no file."""
    if not path.exists():
        return []
    size = path.stat().st_size
    since = since_byte if since_byte <= size else 0
    text = _last_bytes(path, min(_TAIL_BYTES, size - since)).decode(errors="replace")
    return [line.rstrip() for line in text.splitlines() if line.strip()][-count:]


def _last_bytes(path: Path, count: int) -> bytes:
    with path.open("rb") as file:
        file.seek(-min(count, path.stat().st_size), os.SEEK_END)
        return file.read(count)
