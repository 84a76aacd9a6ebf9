"""How many tasks are in which state?"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from operations.queries.tasks import ended_status
from overseer.model import OverseerState


def count_tasks(state: OverseerState, now: datetime) -> dict[str, int]:
    """By state; those that ended, as far as they are remembered. A task that waits for others is
    `waits`, however many those are."""
    kernel = state.kernel
    found = Counter(task_state(each.status(now)) for each in kernel.tasks.values())
    found.update(ended_status(each) for each in kernel.ended.values())
    return dict(sorted(found.items()))


def task_state(status: str) -> str:
    """`waits for 3` is `waits`, so that there is a fixed number of states."""
    return "waits" if status.startswith("waits ") else status
