"""What are our kinds of event called on `/ws/events`, where others have words for them?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TYPES: Final[Mapping[str, str]] = {
    "leadership_taken": "kernel_started",
    "tasks_proposed": "task_proposed",
    "task_submitted": "task_validated",
    "process_started": "process_started",
    "task_acknowledged": "task_finished",
    "objective_added": "objective_submitted",
    "pulse_completed": "heartbeat",
}
"""By `payload_kind`. Any other kind is called what it is: `task_rejected`, `task_cancelled`,
`worker_registered`, `worker_heartbeat` …"""


def event_type(kind: str) -> str:
    """What an event of this kind is called; `unreadable` for a position that holds none."""
    return TYPES.get(kind, kind) or "unreadable"
