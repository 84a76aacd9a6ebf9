"""Which system calls may this process make? A filter (seccomp) against what Landlock lets by: UDP,
which carries names to a name server, sockets of the machine, programs in memory.

The filter is a few instructions of classic BPF; Documentation/userspace-api/seccomp_filter.rst.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from nervous_system.host.wall.system_call import control, give_up_privileges

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_LOAD, _EQUAL, _AT_LEAST, _MASK, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_NUMBER, _MACHINE, _FIRST_ARGUMENT, _ARGUMENT_BYTES = 0, 4, 16, 8
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | errno.EACCES
_OTHER_TABLE = 0x40000000
"""The first number of x86-64's second table of system calls (x32)."""
_TYPE_OF_SOCKET = 0xF
_IO_URING_SETUP = 425
_MAKES = os.O_CREAT | os.O_NOFOLLOW
"""With these flags SQLite makes its files, and without the next."""
_MAKES_NEW = os.O_EXCL


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The system calls of one kind of machine."""

    machine: int
    socket: int
    opens: tuple[tuple[int, int], ...]
    """open, openat, each with the place of its flags among the arguments."""
    runs: tuple[int, ...]
    """execve, execveat."""
    never: tuple[int, ...]
    """ptrace, process_vm_readv, process_vm_writev: into other processes."""


_NUMBERS = {
    "x86_64": _Numbers(0xC000003E, 41, ((2, 1), (257, 2)), (59, 322), (101, 310, 311)),
    "aarch64": _Numbers(0xC00000B7, 198, ((56, 2),), (221, 281), (117, 270, 271)),
}


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("if_true", ctypes.c_ubyte),
        ("if_false", ctypes.c_ubyte),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.POINTER(_Instruction)))


def is_known() -> bool:
    """Whether the numbers of this kind of machine are known."""
    return sys.platform.startswith("linux") and platform.machine() in _NUMBERS


def restrict(*, runs_programs: bool, opens_sockets: bool, makes_sqlite_files: bool) -> None:
    """Filter this thread's system calls, for good. Nothing where `is_known` says no. Raises
    `WallError`.

    `opens_sockets`: of TCP, and no other. Without it there are none, pairs excepted.
    `makes_sqlite_files`: the library SQLite does. What is not allowed fails with EACCES.
    """
    if not is_known():
        return
    numbers = _NUMBERS[platform.machine()]
    refused = [*numbers.never, _IO_URING_SETUP]  # its work passes by every filter
    if not runs_programs:
        refused += numbers.runs
    if not opens_sockets:
        refused.append(numbers.socket)
    program = [
        (_LOAD, 0, 0, _MACHINE),
        (_EQUAL, 1, 0, numbers.machine),
        (_RETURN, 0, 0, _REFUSE),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _OTHER_TABLE),
        (_RETURN, 0, 0, _REFUSE),
    ]
    for number in refused:
        program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSE)]
    if not makes_sqlite_files:
        for number, position in numbers.opens:
            program += _no_sqlite_file(number, position)
    program += _only_tcp(numbers.socket)
    program.append((_RETURN, 0, 0, _ALLOW))
    _load(program)


def _no_sqlite_file(number: int, position: int) -> list[tuple[int, int, int, int]]:
    """open(2) and its like: not as SQLite makes a file, which nothing else here does so."""
    return [
        (_EQUAL, 0, 5, number),
        (_LOAD, 0, 0, _FIRST_ARGUMENT + position * _ARGUMENT_BYTES),
        (_MASK, 0, 0, _MAKES | _MAKES_NEW),
        (_EQUAL, 0, 1, _MAKES),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _only_tcp(number: int) -> list[tuple[int, int, int, int]]:
    """socket(2): of the internet, a stream, and no other stream than TCP's."""
    checks: list[tuple[int, int, int, int]] = []
    for position, mask, allowed in (
        (0, 0xFFFFFFFF, (socket.AF_INET, socket.AF_INET6)),
        (1, _TYPE_OF_SOCKET, (socket.SOCK_STREAM, socket.SOCK_STREAM)),
        (2, 0xFFFFFFFF, (0, socket.IPPROTO_TCP)),
    ):
        checks += [
            (_LOAD, 0, 0, _FIRST_ARGUMENT + position * _ARGUMENT_BYTES),
            (_MASK, 0, 0, mask),
            (_EQUAL, 2, 0, int(allowed[0])),
            (_EQUAL, 1, 0, int(allowed[1])),
            (_RETURN, 0, 0, _REFUSE),
        ]
    return [(_EQUAL, 0, len(checks), number), *checks]


def _load(program: Sequence[tuple[int, int, int, int]]) -> None:
    instructions = (_Instruction * len(program))(*(_Instruction(*step) for step in program))
    give_up_privileges()
    control(
        _PR_SET_SECCOMP,
        ctypes.c_ulong(_MODE_FILTER),
        ctypes.byref(_Program(len(program), instructions)),
    )
