"""Which files and TCP ports may this process reach? Three system calls of Linux: Landlock.

What they mean is in the kernel's Documentation/userspace-api/landlock.rst. The numbers are the same
on every kind of machine.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from nervous_system.host.wall.system_call import WallError, call, give_up_privileges

VERSION_WITH_TCP = 4
_VERSION_WITH_SCOPES = 6

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_RULE_PATH, _RULE_PORT = 1, 2

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REFER, _TRUNCATE, _IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
_FIRST_RIGHTS = (1 << 13) - 1
_RIGHTS_SINCE = {2: _REFER, 3: _TRUNCATE, 5: _IOCTL_DEVICE}
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE
_READ = _READ_FILE | _READ_FOLDER
_MAKE_DEVICES = (1 << 6) | (1 << 11)
_WRITE = ((_FIRST_RIGHTS | _REFER | _TRUNCATE) & ~_EXECUTE) & ~_MAKE_DEVICES
_BIND, _CONNECT = 1 << 0, 1 << 1
_ABSTRACT_SOCKETS, _SIGNALS = 1 << 0, 1 << 1


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("ports", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("rights", ctypes.c_uint64), ("descriptor", ctypes.c_int32))


class _PortRule(ctypes.Structure):
    _fields_ = (("rights", ctypes.c_uint64), ("port", ctypes.c_uint64))


def version() -> int:
    """The version of Landlock that this kernel has; 0 where it has none."""
    try:
        return call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_ASK_VERSION))
    except (OSError, AttributeError):  # AttributeError: no libc with `syscall`, no Linux
        return 0


def restrict(
    *,
    read: Sequence[Path],
    write: Sequence[Path],
    execute: Sequence[Path],
    connect: Sequence[int],
    bind: Sequence[int],
) -> None:
    """Leave this thread nothing but this, for good. Nothing where there is no Landlock. Raises
    `WallError`."""
    known = version()
    if known == 0:
        return
    handled = _FIRST_RIGHTS
    for since, right in _RIGHTS_SINCE.items():
        handled |= right if known >= since else 0
    asked = _Ruleset(
        handled,
        _BIND | _CONNECT if known >= VERSION_WITH_TCP else 0,
        _ABSTRACT_SOCKETS | _SIGNALS if known >= _VERSION_WITH_SCOPES else 0,
    )
    try:
        ruleset = call(
            _CREATE_RULESET,
            ctypes.byref(asked),
            ctypes.c_size_t(ctypes.sizeof(asked)),
            ctypes.c_uint32(0),
        )
        try:
            for rights, paths in (
                (_READ, read),
                (_READ | _WRITE, write),
                (_READ | _EXECUTE, execute),
            ):
                for path in paths:
                    _allow_path(ruleset, path, rights & handled)
            if known >= VERSION_WITH_TCP:
                for right, ports in ((_CONNECT, connect), (_BIND, bind)):
                    for port in ports:
                        _add(ruleset, _RULE_PORT, _PortRule(right, port))
            give_up_privileges()
            call(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
        finally:
            os.close(ruleset)
    except OSError as error:
        raise WallError(f"The kernel refuses a Landlock rule: {error.strerror}.") from error


def _allow_path(ruleset: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return  # who can't get there needs no permission to go there
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _OF_A_FILE
        _add(ruleset, _RULE_PATH, _PathRule(rights, descriptor))
    finally:
        os.close(descriptor)


def _add(ruleset: int, kind: int, rule: ctypes.Structure) -> None:
    call(
        _ADD_RULE,
        ctypes.c_int(ruleset),
        ctypes.c_int(kind),
        ctypes.byref(rule),
        ctypes.c_uint32(0),
    )
