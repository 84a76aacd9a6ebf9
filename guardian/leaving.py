"""May a worker be told to go? Never the last that can do what it does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from guardian.observations import Observations, WatchedWorker

HEARD_HEARTBEATS: Final = 2.5
"""Within so many of its heartbeats a worker was heard of that counts as being there."""


def there(watched: Observations, now: datetime) -> dict[str, WatchedWorker]:
    """The workers that take tasks, as far as the guardian knows, by id."""
    return {
        worker_id: worker
        for worker_id, worker in watched.workers.items()
        if not worker.lost
        and not worker.draining
        and (worker.away_until is None or worker.away_until <= now)
        and watched.silent_seconds(worker.heard.at, now)
        < HEARD_HEARTBEATS * worker.heartbeat_seconds
    }


def why_needed(worker_id: str, worker: WatchedWorker, present: Mapping[str, WatchedWorker]) -> str:
    """For what a worker is needed: no other that is there has its skills and does this. Empty where
    it may go."""
    for action in worker.actions or ("",):
        if not any(
            other_id != worker_id
            and set(worker.skills) <= set(other.skills)
            and (not other.actions or action in other.actions)
            for other_id, other in present.items()
        ):
            skilled = f" with {', '.join(worker.skills)}" if worker.skills else ""
            does = f" that does {action}" if action else ""
            return f"it is the last worker{skilled}{does}"
    return ""
