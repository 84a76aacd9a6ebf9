"""Who works on a store? A lock inside it, held for as long as a server on it lives.

Not the lock of a home: two homes may share a store, a home's folder of marks may be removed, and a
server may outlive whoever started it. So the file lies where the data lies, and the server itself
has it open: the kernel takes the lock back when the last of them has gone.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from nervous_system.errors import Fatal, InUse
from nervous_system.whole_number import whole_number

LOCK_FILE: Final = "ganglion.lock"


@contextlib.contextmanager
def hold_store(store: Path) -> Iterator[int]:
    """Hold the store's lock inside the block; the descriptor is to be handed to the server.

    Raises InUse with the processes that have it, Fatal where it can not be locked.
    """
    path = store / LOCK_FILE
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Fatal(
            f"the lock {path} cannot be opened ({error.strerror});"
            " make the store writable for this user, or set GANGLION_HOME to another folder"
        ) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InUse(in_use(store, holders_of(store))) from error
        except OSError as error:
            raise Fatal(
                f"{path} cannot be locked ({error.strerror});"
                " set GANGLION_HOME to a folder on a local disk"
            ) from error
        yield descriptor
    finally:
        os.close(descriptor)


def in_use(store: Path, holders: dict[int, str]) -> str:
    """The sentence about a store that is in use, and what to do."""
    named = ", ".join(f"{name} (pid {pid})" for pid, name in holders.items())
    pids = " ".join(map(str, holders)) or "PID"
    return (
        f"the store {store} is in use by {named or 'a process of another user'}, and two servers on"
        " one store would destroy it; stop the mesh that uses it with `ganglion down` in its home,"
        f" or end what is left of one whose supervisor has gone: `kill {pids}`"
    )


def holders_of(store: Path) -> dict[int, str]:
    """Who has the lock of this store open: pids, and what each is; empty when it is free."""
    # Not by trying to lock it: whoever starts a server at that moment would stumble over that.
    try:
        wanted = (store / LOCK_FILE).stat()
    except OSError:  # nobody ever had it
        return {}
    found: dict[int, str] = {}
    for process in Path("/proc").iterdir():
        pid = whole_number(process.name)
        if pid is not None and pid != os.getpid():
            # It may end while it is looked at, and other users' are not shown.
            with contextlib.suppress(OSError):
                if any(_same(entry, wanted) for entry in (process / "fd").iterdir()):
                    found[pid] = _name(process)
    return dict(sorted(found.items()))


def _same(entry: Path, wanted: os.stat_result) -> bool:
    with contextlib.suppress(OSError):
        return os.path.samestat(entry.stat(), wanted)
    return False


def _name(process: Path) -> str:
    """What it runs: a module of ours, or its program."""
    words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
    name = words[words.index("-m") + 1] if "-m" in words[:-1] else Path(words[0]).name
    return name if name.isprintable() else ascii(name)
