"""What may this process reach, whatever it is told to do? A wall that the kernel holds.

    wall = Wall(read=[Path("/usr"), Path("/lib")], write=[home / "clickhouse"])
    for gap in wall.raise_():
        log("wall_has_gaps", {"gap": gap})

A wall stands for good: for this process, for the threads it starts afterwards and for the programs
it runs. It is meant for a process that handles what somebody else wrote (SQL, a repository).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nervous_system.host.wall import landlock, seccomp
from nervous_system.host.wall.system_call import WallError

__all__ = ["Wall", "WallError", "gaps"]


@dataclass(frozen=True, slots=True)
class Wall:
    """What is allowed; everything else is not. Paths are files or folders with all beneath them;
    one that does not exist is left out. What is open already stays open."""

    read: Sequence[Path] = ()
    write: Sequence[Path] = ()
    """Read, written, made and removed."""
    execute: Sequence[Path] = ()
    """Read, and run as a program. With none, this process runs no program at all."""
    connect: Sequence[int] = ()
    """TCP ports, of any address. With none, and none in `bind`, there are no sockets at all."""
    bind: Sequence[int] = ()
    makes_sqlite_files: bool = True
    """Whether the library SQLite may make a file where others may be written."""

    def raise_(self) -> list[str]:
        """Raise the wall around this process, which must have one thread. Returns what it does not
        hold here, a sentence each; none where it stands whole. Raises `WallError`."""
        if not sys.platform.startswith("linux"):
            return gaps(ports=bool(self.connect or self.bind))
        threads = len(list(Path("/proc/self/task").iterdir()))
        if threads != 1:
            raise WallError(
                f"A wall has to be raised before threads are started, and {threads} are running."
            )
        missing = gaps(ports=bool(self.connect or self.bind))
        landlock.restrict(
            read=self.read,
            write=self.write,
            execute=self.execute,
            connect=self.connect,
            bind=self.bind,
        )
        seccomp.restrict(
            runs_programs=bool(self.execute),
            opens_sockets=bool(self.connect or self.bind),
            makes_sqlite_files=self.makes_sqlite_files,
        )
        return missing


def gaps(*, ports: bool = False) -> list[str]:
    """What no wall can hold on this machine, a sentence each. `ports`: one that lets some through
    is wanted."""
    version = landlock.version()
    missing = []
    if version == 0:
        missing.append(
            "This kernel has no Landlock (Linux 5.13, and `landlock` among its security modules):"
            " files are kept by permissions alone."
        )
    if ports and 0 < version < landlock.VERSION_WITH_TCP:
        missing.append(
            "This kernel's Landlock knows no TCP ports (Linux 6.7): an allowed port is any port."
        )
    if not seccomp.is_known():
        missing.append(
            "System calls are not filtered on this kind of machine:"
            " programs and sockets are kept by Landlock alone."
        )
    return missing
