"""What can go wrong in the command itself, and with which exit code does it end?"""

from __future__ import annotations

from typing import Final

from nervous_system.errors import (
    BadSetting,
    Fatal,
    GanglionError,
    Permanent,
    Transient,
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


class NotRunning(Transient):
    """No mesh runs in this home, or a server it needs does not answer."""


class InUse(Fatal):
    """A home or a port that this mesh needs belongs to somebody else."""


class NoRoom(Fatal):
    """The disk has too little space left to begin."""


class StartFailed(Fatal):
    """A process of the mesh ended before it was ready, or did not get ready in time."""


class NotDone(GanglionError):
    """An order of a person's that no longer fits: what it is about has ended, or never can."""


class QueryRefused(Permanent):
    """ClickHouse did not run a query; `code` is its own error code, 0 when it gave none."""

    def __init__(self, sentence: str, *, code: int = 0) -> None:
        super().__init__(sentence)
        self.code = code


def exit_code_of(error: BaseException) -> int:
    """The exit code that an error ends a command with."""
    if isinstance(error, BadSetting):
        return USAGE
    if isinstance(error, (NotRunning, Unavailable)):
        return NOT_RUNNING
    if isinstance(error, Permanent):
        return REFUSED
    return FAILURE
