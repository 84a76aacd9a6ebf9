"""How does Python make a system call that it has no function for?"""

from __future__ import annotations

import ctypes
import os
from typing import Any

_PR_SET_NO_NEW_PRIVS = 38


def call(number: int, *arguments: Any) -> int:
    """The result of system call `number`. Raises `OSError`."""
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    result = int(library.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        failed = ctypes.get_errno()
        raise OSError(failed, os.strerror(failed))
    return result


def control(operation: int, *arguments: Any) -> None:
    """prctl(2). Raises `WallError`."""
    library = ctypes.CDLL(None, use_errno=True)
    padded = [*arguments, *[ctypes.c_ulong(0)] * (4 - len(arguments))]
    if library.prctl(ctypes.c_int(operation), *padded) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise WallError(f"The kernel refuses prctl({operation}): {reason}.")


def give_up_privileges() -> None:
    """No program that runs from here on gains rights (setuid); both walls ask for it."""
    control(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1))


class WallError(Exception):
    """The kernel refuses the wall. The sentence says why; no part of it is to be relied on."""
