"""What is a task, while it is open and after it ended?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from enchanted.events.v1.task_pb2 import RiskTier, TaskManifest, TaskResult

HIGHEST_PRIORITY: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What is to be done, as `TaskManifest` of the contracts."""

    task_id: str
    objective_id: str
    action: str
    description: str
    payload_json: str
    priority: int
    owner: str
    depends_on: tuple[str, ...]
    ttl_seconds: float
    required_skills: frozenset[str]
    required_cpu_count: float
    required_memory_bytes: int
    max_attempts: int
    idempotency_key: str
    risk_tier: RiskTier.ValueType
    attempt_seconds: float = 0.0
    max_losses: int = 4  # as it was before a manifest could say so

    @property
    def at_most_once(self) -> bool:
        """Whether an attempt that may have begun is its last, however it ended."""
        return self.max_attempts == 1 and self.max_losses == 0

    @classmethod
    def decode(cls, message: TaskManifest) -> Manifest:
        """From the wire."""
        return cls(
            task_id=message.task_id,
            objective_id=message.objective_id,
            action=message.action,
            description=message.description,
            payload_json=message.payload_json,
            priority=message.priority,
            owner=message.owner,
            depends_on=tuple(dict.fromkeys(message.depends_on)),
            ttl_seconds=message.ttl_seconds,
            required_skills=frozenset(message.required_skills),
            required_cpu_count=message.required_cpu_count,
            required_memory_bytes=message.required_memory_bytes,
            max_attempts=message.max_attempts or 1,
            max_losses=message.max_losses
            if message.HasField("max_losses")
            else message.max_attempts or 1,
            idempotency_key=message.idempotency_key or message.task_id,
            risk_tier=message.risk_tier,
            attempt_seconds=message.attempt_seconds,
        )

    def encode(self) -> TaskManifest:
        """To the wire."""
        return TaskManifest(
            task_id=self.task_id,
            objective_id=self.objective_id,
            action=self.action,
            description=self.description,
            payload_json=self.payload_json,
            priority=self.priority,
            owner=self.owner,
            depends_on=self.depends_on,
            ttl_seconds=self.ttl_seconds,
            required_skills=sorted(self.required_skills),
            required_cpu_count=self.required_cpu_count,
            required_memory_bytes=self.required_memory_bytes,
            max_attempts=self.max_attempts,
            max_losses=self.max_losses,
            idempotency_key=self.idempotency_key,
            risk_tier=self.risk_tier,
            attempt_seconds=self.attempt_seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskClaim:
    """A worker's hold on a task."""

    worker_id: str
    request_id: str
    event_id: str  # of the TaskClaimed
    traceparent: str
    claimed_at: datetime
    lease_seconds: float
    lease_until: datetime
    lost: str = ""  # why its worker has it no longer


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task that has not ended. Ready is derived: unclaimed, nothing unmet, its time has come."""

    manifest: Manifest
    submitted_at: datetime
    request_id: str  # of what proposed it
    queue_seq: int  # its place among those that wait; a new one each time it waits anew
    waits_until: datetime  # backoff; when it last began to wait, else
    unmet_dependencies: frozenset[str] = frozenset()  # tasks that must be completed before
    attempt: int = 0  # the last one begun
    failures: int = 0
    lost_attempts: int = 0  # attempts that ended because a worker fell silent
    claim: TaskClaim | None = None
    aside: str | None = None  # why it was set aside, until a person decides; None: it is not
    last_worker_id: str = ""
    for_want: bool = False  # it ended because what it depends on was not completed
    last_result_id: str = ""  # of the ResultReported or ReleaseRequested that was applied last
    traceparent: str = ""  # of its submission

    @property
    def task_id(self) -> str:
        """Its id."""
        return self.manifest.task_id

    @property
    def quarantined(self) -> bool:
        """Whether it was set aside."""
        return self.aside is not None

    def status(self, now: datetime) -> str:
        """In a word, how it stands."""
        if self.quarantined:
            return "quarantined"
        if self.claim is not None:
            return "claimed"
        if self.unmet_dependencies:
            return f"waits for {len(self.unmet_dependencies)}"
        return "ready" if self.waits_until <= now else "backs off"

    @property
    def expires_at(self) -> datetime | None:
        """When its time to live ends; None for one without."""
        seconds = self.manifest.ttl_seconds
        return self.submitted_at + timedelta(seconds=seconds) if seconds > 0 else None

    @property
    def waiting(self) -> bool:
        """Whether nobody has it and somebody may, sooner or later."""
        return self.claim is None and not self.quarantined

    def expired(self, now: datetime) -> bool:
        """Whether its time to live is over, and it is not set aside."""
        return not self.quarantined and self.expires_at is not None and self.expires_at <= now


class FinishedTask(NamedTuple):
    """What is remembered of a task that ended: of a hundred thousand, so a snapshot writes no names
    of fields."""

    result: TaskResult.ValueType
    ended_at: datetime
    objective_id: str
    action: str
    worker_id: str
    attempts: int
    tool_efficacy_score: float
    request_id: str  # of what proposed it
    last_result_id: str
