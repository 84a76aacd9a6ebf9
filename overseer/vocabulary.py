"""Which words of the overseer stand in events?"""

from __future__ import annotations

from typing import Final

SERVICE: Final = "overseer"

OPERATIONAL: Final = "operational"
DEGRADED: Final = "degraded"
HALTED: Final = "halted"
"""The system modes."""
