"""Which processes are those of a program? It, what it has begun, and the deputies of workers among
them, which are nobody's children."""

from __future__ import annotations

from contextlib import suppress

import psutil

from nervous_system.client.deputy import BEGIN


def processes_of(pid: int) -> list[psutil.Process]:
    """`pid` itself first."""
    program = psutil.Process(pid)
    its = {each.pid: each for each in (program, *program.children(recursive=True))}
    for each in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            told = each.cmdline()
            if BEGIN in told and int(told[told.index(BEGIN) + 1]) in its:
                its[each.pid] = each
    return list(its.values())
