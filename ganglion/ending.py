"""How does a process of the command line end when something went wrong?"""

from __future__ import annotations

import os
import sys
import traceback
from typing import NoReturn

from ganglion.errors import FAILURE, exit_code_of
from nervous_system.errors import GanglionError, Transient


def end_with(error: Exception) -> NoReturn:
    """Say the error in one sentence on stderr and exit with its code; with GANGLION_DEBUG, where it
    comes from, without the values of variables.
    """
    # Only here: what takes time to import must not stand before the first line of `main`.
    from ganglion.terminal import say

    if os.environ.get("GANGLION_DEBUG"):
        for line in "".join(traceback.format_exception(error)).rstrip("\n").split("\n"):
            say(line, err=True)
        sys.exit(FAILURE)
    sentence = str(error)
    if not isinstance(error, GanglionError):
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
    from ganglion.engines.store_room import obstacle_in
    from ganglion.home import Home
    from ganglion.settings import read_settings
    from nervous_system.settings import MeshSettings

    try:
        home = Home.at(read_settings(MeshSettings).home)
        stores = (home.nats_store, home.clickhouse_store)
        found = [obstacle_in(store) for store in stores if store.is_dir()]
    except GanglionError:
        return ""
    return "".join(f"; {why}" for why in dict.fromkeys(found) if why)
