"""With which exit code did a process end that is no child of ours?

Only its parent may wait for a process. To others Linux says it on a descriptor of the process, from
6.15 on, when the parent has waited; and before that in /proc, until the parent has waited.
"""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import time
from pathlib import Path
from typing import Final

_GET_INFO: Final = 0xC040FF0B
"""PIDFD_GET_INFO with a `struct pidfd_info` of 64 bytes (linux/pidfd.h)."""
_INFO: Final = struct.Struct("=Q52xi")
"""Of that: what is asked for and was answered, and `exit_code`, as `waitpid` gives it."""
_EXIT: Final = 1 << 3
"""PIDFD_INFO_EXIT, what is asked for."""

_FIELD: Final = 49
"""Of /proc/PID/stat, behind the name: `exit_code`."""

LOOK_SECONDS: Final = 0.005


def exit_code_of(pidfd: int, pid: int, *, within_seconds: float) -> int | None:
    """Of a process that has ended; None where nobody says it in that time: never a guess."""
    until = time.monotonic() + within_seconds
    while True:
        status = _by_descriptor(pidfd)
        if status is None:
            status = _by_proc(pidfd, pid)
        if status is not None:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= until:
            return None
        time.sleep(LOOK_SECONDS)


def _by_descriptor(pidfd: int) -> int | None:
    info = bytearray(_INFO.pack(_EXIT, 0))
    try:
        fcntl.ioctl(pidfd, _GET_INFO, info)
    except OSError:  # an older kernel, or one that says it no more
        return None
    answered, status = _INFO.unpack(info)
    return int(status) if answered & _EXIT else None


def _by_proc(pidfd: int, pid: int) -> int | None:
    """While it is a zombie. What the kernel does not show to everybody it shows as 0."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        signal.pidfd_send_signal(pidfd, 0)  # raises where the id may be another's by now
    except OSError:
        return None
    return int(fields[_FIELD]) or None if fields[0] == "Z" else None
