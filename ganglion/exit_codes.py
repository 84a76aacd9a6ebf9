"""With which exit code does a command end?"""

from __future__ import annotations

from typing import Final

from nervous_system.errors import (
    BadSetting,
    NotRunning,
    Permanent,
    Unavailable,
)

OK: Final = 0
"""Done as asked."""
FAILURE: Final = 1
"""It could not be done; the sentence on stderr says why. `status`: something is not healthy."""
USAGE: Final = 2
"""The command line, a setting or a file to be read makes no sense."""
NOT_RUNNING: Final = 3
"""No mesh runs in this home, or nobody answers at the address."""
REFUSED: Final = 4
"""The log, the database or the overseer understood and said no; the same call will be refused
again."""
INTERRUPTED: Final = 130
"""Ctrl-C, as shells give it."""


def exit_code_of(error: BaseException) -> int:
    """The exit code that an error ends a command with."""
    if isinstance(error, BadSetting):
        return USAGE
    if isinstance(error, (NotRunning, Unavailable)):
        return NOT_RUNNING
    if isinstance(error, Permanent):
        return REFUSED
    return FAILURE
