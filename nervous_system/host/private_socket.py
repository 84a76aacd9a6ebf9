"""How is a process reached by its owner alone? By a socket file that nobody else may connect to.

Whoever is on the machine can crowd a port. The path of a socket may have 107 bytes, and a home may
lie deeper: it is named by way of its folder, which is open meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_BACKLOG: Final = 16


def listen_privately(path: Path) -> socket.socket:
    """A socket that listens at `path`, in place of one that nobody listens at any more.

    Raises OSError, also where somebody does.
    """
    listening = socket.socket(socket.AF_UNIX)
    try:
        os.fchmod(listening.fileno(), 0o600)  # before it has a name: nobody is faster
        with _short(path) as name:
            if not _is_listened_at(name):
                path.unlink(missing_ok=True)
            listening.bind(name)
        listening.listen(_BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening


async def connect_privately(
    path: Path, *, limit: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to who listens at `path`. Raises OSError."""
    with _short(path) as name:
        return await asyncio.open_unix_connection(name, limit=limit)


def _is_listened_at(name: str) -> bool:
    with socket.socket(socket.AF_UNIX) as asking:
        asking.setblocking(False)
        try:
            asking.connect(name)
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except BlockingIOError:  # somebody does, and has no time
            return True
    return True


@contextmanager
def _short(path: Path) -> Iterator[str]:
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
