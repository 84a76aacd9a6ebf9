"""How far is it? A line on stderr that moves, on a terminal; elsewhere nothing."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import Progress, ProgressColumn


def progress_bar(*columns: ProgressColumn, quiet: bool, refresh_per_second: float = 4) -> Progress:
    """A bar of these columns that is gone when its block ends; `quiet` shows none on a terminal
    either.
    """
    return Progress(
        *columns,
        console=Console(stderr=True),
        disable=quiet or not sys.stderr.isatty(),  # else it leaves an empty line in a pipe
        refresh_per_second=refresh_per_second,
        transient=True,
    )
