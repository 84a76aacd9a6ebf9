"""Could a server write to its store now, and if not, what has to be done?

It is tried, since there are more reasons than a full disk: a quota, no inodes, a disk that became
read-only, files that belong to somebody else.
"""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import Final

ROOM_BYTES: Final = 16 * 1024**2
"""So much must be there before a server that ran out of it is started again: two blocks of the log,
or it would be full again at once.
"""
_MAKE_SO: Final = "make it so for the user that runs the mesh (chmod, chown, chattr -i)"


def obstacle_in(store: Path) -> str:
    """What keeps a server from writing to `store`, and what to do; empty when nothing does."""
    try:
        with tempfile.TemporaryFile(dir=store, prefix=".room-") as probe:
            os.posix_fallocate(probe.fileno(), 0, ROOM_BYTES)
    except OSError as error:
        return _in_words(error, store)
    for path in (store, *store.rglob("*")):
        if not os.access(path, os.W_OK) and path.exists():
            return f"{path} cannot be written to: {_MAKE_SO}"
    return ""


def _in_words(error: OSError, store: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        why = "no space is left" if error.errno == errno.ENOSPC else "the quota is used up"
        return f"{why} on the disk of {store}: make room for {ROOM_BYTES // 1024**2} MiB at least"
    if error.errno == errno.EROFS:
        return f"the disk of {store} is mounted read-only: mount it for writing"
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return f"the folder {store} is gone: put it back, or stop the mesh and start it anew"
    return f"{store} cannot be written to ({error.strerror}): {_MAKE_SO}"
