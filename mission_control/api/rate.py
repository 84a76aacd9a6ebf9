"""How often may somebody ask? A bucket that fills up again, for each caller; one for all strangers
together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from nervous_system.clock import Stopwatch, stopwatch

BURST_SECONDS: Final = 2.0
"""So much of what they may ask may come at once."""
STRANGERS_PER_SECOND: Final = 20.0
MAX_BUCKETS: Final = 1_000


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Rates:
    """Of all callers. Who is not let in has the name ''."""

    def __init__(self, per_second: float, *, watch: Stopwatch = stopwatch) -> None:
        self._per_second = per_second
        self._watch = watch
        self._buckets: dict[str, _Bucket] = {}

    def take(self, name: str) -> bool:
        """Whether they may ask now; then it counts."""
        now = self._watch()
        per_second = self._per_second if name else STRANGERS_PER_SECOND
        most = max(1.0, per_second * BURST_SECONDS)
        bucket = self._buckets.setdefault(name, _Bucket(most, now))
        bucket.left = min(most, bucket.left + (now - bucket.at) * per_second)
        bucket.at = now
        while len(self._buckets) > MAX_BUCKETS:
            del self._buckets[next(iter(self._buckets))]
        if bucket.left < 1.0:
            return False
        bucket.left -= 1.0
        return True
