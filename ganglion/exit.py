"""How does a process of the command line end when something went wrong?"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from typing import Final, NoReturn

from ganglion.exit_codes import FAILURE, exit_code_of
from nervous_system.errors import GanglionError, Transient

_OF_THE_MACHINE: Final = {
    errno.ENOSPC: "make room on the disk of GANGLION_HOME",
    errno.EDQUOT: "make room, or have the quota raised",
    errno.EROFS: "mount the disk of GANGLION_HOME for writing",
    errno.EMFILE: "raise `ulimit -n`",
    errno.ENFILE: "the whole machine has no file descriptors left; end what holds them",
    errno.ENOMEM: "let less run on this machine, or give it more memory",
}
"""What the machine lacks, and what helps: no fault of ours."""


def end_with(error: Exception) -> NoReturn:
    """Say the error in one sentence on stderr and exit with its code; with GANGLION_DEBUG, where it
    comes from, without the values of variables.
    """
    # Only here: what takes time to import must not stand before the first line of `main`.
    from ganglion.terminal import say
    from local_mesh.mesh_packages import ADVICE, MODULES

    if os.environ.get("GANGLION_DEBUG"):
        for line in "".join(traceback.format_exception(error)).rstrip("\n").split("\n"):
            say(line, err=True)
        sys.exit(FAILURE)
    sentence = str(error)
    if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
        where = f" ({error.filename})" if error.filename else ""
        sentence = f"{error.strerror}{where}: {_OF_THE_MACHINE[error.errno]}"
    elif isinstance(error, ModuleNotFoundError) and error.name in MODULES:
        sentence = f"this needs {error.name}, which only a mesh brings: {ADVICE}"
    elif not isinstance(error, GanglionError):
        sentence = (
            f"unexpected {type(error).__name__}: {error};"
            " this is a fault of ganglion, GANGLION_DEBUG=1 shows where"
        )
    if isinstance(error, Transient):
        sentence += _why_no_store_answers()
    say(f"ganglion: {sentence}", err=True)
    sys.exit(exit_code_of(error))


def _why_no_store_answers() -> str:
    """A server whose disk is full says nothing to who asks it; here it can be seen all the same."""
    from local_mesh.addresses import running_mesh
    from local_mesh.home import Home
    from local_mesh.store_room import obstacle_in
    from nervous_system.environment import read_settings
    from nervous_system.settings import MeshSettings

    try:
        home = Home.at(read_settings(MeshSettings).home)
        if running_mesh(home) is None:
            return ""
        stores = (home.nats_store, home.clickhouse_store)
        found = [obstacle_in(store) for store in stores if store.is_dir()]
    except GanglionError:
        return ""
    return "".join(f"; {why}" for why in dict.fromkeys(found) if why)
