"""What is known of one who does tasks?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from enchanted.events.v1.swarm_event_pb2 import AgentRole

MAX_LIVES: Final = 8
"""Of one name, that are remembered beside the last: who fakes more of them gets no more alarms."""

MAX_NAME_CHARACTERS: Final = 200


class Life(NamedTuple):
    """One run of whoever works under a name."""

    session: str  # a random id of its own; empty: it does not say
    host: str
    pid: int

    @property
    def process(self) -> str:
        """In words."""
        return f"process {self.pid} on {self.host or 'a machine that it does not name'}"


class Rival(NamedTuple):
    """A life that goes on beside the one that began after it."""

    life: Life
    shown_by: str  # the id of its heartbeat


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredWorker:
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
    pid: int = 0
    session: str = ""
    before: tuple[Life, ...] = ()  # under the same name, and not known to be over; the last first
    rivals: tuple[Rival, ...] = ()

    @property
    def life(self) -> Life:
        """Its own."""
        return Life(self.session, self.host, self.pid)
