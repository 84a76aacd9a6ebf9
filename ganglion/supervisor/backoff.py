"""How long does a process that died wait until it is started again?"""

from __future__ import annotations

from typing import Final

FIRST_SECONDS: Final = 0.25
LONGEST_SECONDS: Final = 5.0
"""However often it died: it is to run again within ten seconds, and takes some of them to start."""

STABLE_SECONDS: Final = 60.0
"""Who ran this long before it died is forgiven what was before."""


def count_failures(earlier: int, *, ran_seconds: float) -> int:
    """The number of failures in a row, this one included; `earlier` is the number before it."""
    return 1 if ran_seconds >= STABLE_SECONDS else earlier + 1


def restart_delay_seconds(failures: int) -> float:
    """Seconds to wait after so many failures in a row: 0.25, 0.5, 1, 2, 4, then 5."""
    if failures < 1:
        return 0.0
    return float(min(FIRST_SECONDS * 2.0 ** min(failures - 1, 16), LONGEST_SECONDS))
