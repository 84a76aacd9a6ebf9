"""What is known of one who does tasks?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from enchanted.events.v1.swarm_event_pb2 import AgentRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A worker that registered and has not departed."""

    worker_id: str
    role: AgentRole.ValueType  # as which it registered, and asks
    skills: frozenset[str]
    max_concurrent_tasks: int
    host: str
    registered_at: datetime
    heard_at: datetime
    actions: frozenset[str] = frozenset()  # all it does; empty: it does not say
    draining: bool = False
    task_ids: frozenset[str] = frozenset()  # what it holds, by the log
