"""How does a process of the command line end when something went wrong?"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from ganglion.errors import exit_code_of
from nervous_system.errors import GanglionError


def end_with(error: Exception) -> NoReturn:
    """Say the error in one sentence on stderr and exit with its code; with GANGLION_DEBUG, raise
    it.
    """
    if os.environ.get("GANGLION_DEBUG"):
        raise error
    sentence = str(error)
    if not isinstance(error, GanglionError):
        sentence = (
            f"unexpected {type(error).__name__}: {error};"
            " this is a fault of ganglion, GANGLION_DEBUG=1 shows where"
        )
    sys.stderr.write(f"ganglion: {sentence}\n")
    sys.exit(exit_code_of(error))
