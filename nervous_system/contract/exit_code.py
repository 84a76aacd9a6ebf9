"""What does an exit code say?"""

from __future__ import annotations

import signal


def how_it_ended(exit_code: int) -> str:
    """An exit code in words; negative is the signal that ended it, said by its name."""
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    try:
        return f"was killed by signal {-exit_code} ({signal.Signals(-exit_code).name})"
    except ValueError:
        return f"was killed by signal {-exit_code}"
