"""
What can git reach while it reads somebody else's objects? A program that gives it little, and then
becomes it.

    python -m importers.git.walled_git COPY OBJECTS GIT …

Git reads its own program, the repository of ours and the folder of objects; it starts no other
program, writes nothing and reaches no network. Memory is bounded: a few bytes of objects unpack to
many gigabytes, and a commit of some millions of files takes as much.
"""

from __future__ import annotations

import os
import re
import resource
import sys
from pathlib import Path
from typing import Final

from nervous_system.host.wall import Wall

_MAX_MEMORY_BYTES: Final = min(
    2 * 1024**3, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
)
_LOADER: Final = re.compile(rb"/[^\0]+/ld[-\w.]*\.so[.\d]*(?=\0)")
_LIBRARIES: Final = ("lib", "lib32", "lib64")
_OF_THE_MACHINE: Final = (Path("/etc/ld.so.cache"), Path("/nix/store"))


def wall_of(git: Path, *readable: Path) -> Wall:
    """The least that the program `git` needs to read what is `readable`."""
    program = git.resolve()
    prefixes = (Path("/"), Path("/usr"), program.parent.parent)
    libraries = [prefix / name for prefix in prefixes for name in _LIBRARIES]
    return Wall(
        read=[*libraries, *_OF_THE_MACHINE, *readable],
        write=[Path(os.devnull)],
        execute=[program, *_loader(program)],
    )


def _loader(program: Path) -> list[Path]:
    """What the kernel starts first for a program with libraries; its beginning names it."""
    with program.open("rb") as file:
        named = _LOADER.search(file.read(4096))
    return [Path(os.fsdecode(named[0]))] if named else []


def main(arguments: list[str]) -> None:
    """Does not return."""
    copy, objects, *command = arguments
    resource.setrlimit(resource.RLIMIT_DATA, (_MAX_MEMORY_BYTES, _MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    wall_of(Path(command[0]), Path(copy), Path(objects)).raise_()
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
