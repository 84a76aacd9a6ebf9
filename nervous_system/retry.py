"""Is it worth another try, and when?

An error and an attempt go in, a verdict comes out.
"""

from __future__ import annotations

from dataclasses import dataclass

from nervous_system.errors import Conflict, Transient


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Waits that double from `first_seconds` up to `max_seconds`, all within one deadline."""

    first_seconds: float = 0.05
    max_seconds: float = 2.0
    deadline_seconds: float = 15.0

    def wait(self, error: Exception, *, attempt: int, elapsed_seconds: float) -> float | None:
        """Seconds to wait before the next try; None to give up and raise.

        `attempt` counts from 1 and is the one that failed. A conflict is never retried here:
        whoever decided on the old state must decide again on the new one.
        """
        if not isinstance(error, Transient) or isinstance(error, Conflict):
            return None
        wait = min(self.max_seconds, self.first_seconds * 2.0 ** min(attempt - 1, 30))
        if elapsed_seconds + wait >= self.deadline_seconds:
            return None
        return wait
