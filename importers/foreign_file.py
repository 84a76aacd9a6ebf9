"""
How is a file of somebody else's folder read, whatever stands under its name?

A link may lead to a file of ours, a pipe never ends, a device does things when it is opened. So
only a regular file is opened, and no more of it is read than was allowed.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from importers.refusal import ImportRefused
from nervous_system.contract.truncation import recordable

_FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_MIB: Final = 1024**2


def read_foreign(path: Path, *, max_bytes: int, follow_link: bool = False) -> bytes | None:
    """
    The file's bytes; None where there is none.

    `follow_link` is for a file that a person named; what was found in a folder is not followed.

    Raises ImportRefused where it is no regular file, too large or cannot be read.
    """
    name = recordable(str(path))
    try:
        if not stat.S_ISREG((path.stat() if follow_link else path.lstat()).st_mode):
            raise _not_regular(path, name)
        descriptor = os.open(path, _FLAGS | (0 if follow_link else os.O_NOFOLLOW))
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise _not_regular(path, name)
            data = b"" if found.st_size > max_bytes else file.read(max_bytes + 1)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ImportRefused(f"{name} cannot be read: {reason}; check the path") from error
    if found.st_size > max_bytes or len(data) > max_bytes:
        size = max(found.st_size, len(data))
        raise ImportRefused(
            f"{name} has {size / _MIB:.0f} MiB; more than {max_bytes / _MIB:.0f} MiB of such a"
            " file are not read. Is it the right one? If so, cut it and import the parts"
        )
    return data


def _not_regular(path: Path, name: str) -> ImportRefused:
    if path.is_symlink():
        return ImportRefused(
            f"{name} is a link to another file, and an import follows none; put the file itself"
            " there if it belongs to it"
        )
    what = "a folder" if path.is_dir() else "a pipe, a socket or a device"
    return ImportRefused(f"{name} is {what}, not a file; it is not read")
