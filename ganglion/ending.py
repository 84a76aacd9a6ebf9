"""How does a process of the command line end when something went wrong?"""

from __future__ import annotations

import os
import sys
import traceback
from typing import NoReturn

from ganglion.errors import FAILURE, exit_code_of
from nervous_system.errors import GanglionError


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
    say(f"ganglion: {sentence}", err=True)
    sys.exit(exit_code_of(error))
