"""Which processes are the deputies of a process? They are nobody's children."""

from __future__ import annotations

from contextlib import suppress

import psutil

from nervous_system.client.deputy import BEGIN


def deputies_of(pid: int) -> list[psutil.Process]:
    """Without what has only begun one."""
    found = []
    for each in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            told = each.cmdline()
            if BEGIN in told and told[told.index(BEGIN) + 1] == str(pid) and each.ppid() != pid:
                found.append(each)
    return found
