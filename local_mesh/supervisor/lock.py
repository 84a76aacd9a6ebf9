"""Who runs a mesh in this home? A file lock that the kernel takes back, however its holder ends.

It says where a mesh is to be found; that no two servers work on one store is what the lock inside
the store is for (`nervous_system/host/store_lock.py`).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from nervous_system.errors import Fatal, InUse
from nervous_system.whole_number import whole_number

_PATIENCE_SECONDS: Final = 0.5
"""`holder` takes the lock for an instant to see whether it is free; `up` must not stumble over
that.
"""


class HomeLock:
    """The lock of one home, held."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = _open(path)

    @property
    def is_in_place(self) -> bool:
        """Whether the file is still there: whoever removes it hides a mesh that runs."""
        try:
            return os.path.samestat(self._path.stat(), os.fstat(self._descriptor))
        except OSError:
            return False

    def restore(self) -> None:
        """Put it back where somebody removed it. Raises InUse, Fatal."""
        descriptor = _open(self._path)
        try:
            _write_pid(self._path, descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        os.close(self._descriptor)
        self._descriptor = descriptor

    def take(self) -> None:
        """Take it. Raises InUse with the holder's pid."""
        _write_pid(self._path, self._descriptor)

    def release(self) -> None:
        """Let others have it."""
        with contextlib.suppress(OSError):  # a full disk must not keep it from being given back
            os.truncate(self._descriptor, 0)

    def close(self) -> None:
        """The kernel takes it back."""
        os.close(self._descriptor)


@contextlib.contextmanager
def hold_lock(path: Path) -> Iterator[HomeLock]:
    """Hold the home's lock inside the block. Raises InUse with the holder's pid."""
    lock = HomeLock(path)
    try:
        lock.take()
        yield lock
        lock.release()
    finally:
        lock.close()


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Fatal(
            f"the lock file {path} cannot be opened ({error.strerror});"
            " set GANGLION_HOME to a folder that you may write to"
        ) from error


def _write_pid(path: Path, descriptor: int) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not _take(descriptor, fcntl.LOCK_EX, path):
        if time.monotonic() >= deadline:
            raise InUse(
                f"the home {path.parent.parent} is in use by pid"
                f" {_read_pid(path) or 'unknown'}; stop it with `ganglion down`, or set"
                " GANGLION_HOME to another folder"
            )
        time.sleep(0.02)
    os.truncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def holder(path: Path) -> int | None:
    """The pid that holds the lock, None when nobody does."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Fatal(f"the lock file {path} cannot be read ({error.strerror})") from error
    try:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not _take(descriptor, fcntl.LOCK_SH, path):
            pid = _read_pid(path)
            if pid is not None:
                return pid
            if time.monotonic() >= deadline:
                raise Fatal(f"{path} is locked by a process that does not say its pid; see `fuser`")
            time.sleep(0.02)  # it has the lock and is about to write its pid
        return None
    finally:
        os.close(descriptor)


def _take(descriptor: int, kind: int, path: Path) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise Fatal(
            f"{path} cannot be locked ({error.strerror});"
            " set GANGLION_HOME to a folder on a local disk"
        ) from error
    return True


def _read_pid(path: Path) -> int | None:
    pid = whole_number(path.read_text(errors="replace").strip())
    return pid if pid is not None and pid > 0 else None
