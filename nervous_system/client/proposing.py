"""How does a member of the swarm say what is to be done?

As an objective, which is planned, or as one task. Said again by the same member, the same proposal
under the same id is the same request, so it is decided on once however often it is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Required, TypedDict

from enchanted.events.v1.objective_pb2 import ObjectiveProposed
from enchanted.events.v1.task_pb2 import (
    TaskManifest,
)
from enchanted.events.v1.task_request_pb2 import TasksProposed
from nervous_system.contract.given import UINT32, UINT64, Given
from nervous_system.contract.words import TIERS, Tier
from nervous_system.ids import child_id, content_hash

USUAL_PRIORITY: Final = 5
USUAL_ATTEMPTS: Final = 3


class TaskFields(TypedDict, total=False):
    """One task. All but the action can be left out."""

    action: Required[str]  # what a worker knows how to do
    id: str  # within its objective; of the task, where it stands alone
    description: str  # what it is for; that of its objective
    payload: dict[str, Any]  # arguments of the action
    priority: int  # 0 to 10, higher first; that of its objective
    after: Sequence[str]  # ids of tasks that must be completed before
    skills: Sequence[str]  # what its worker must be able to do
    cpu_count: float  # processors that must be left, half ones included
    memory_bytes: int  # that must be left on the machine
    ttl_seconds: float  # from submission; 0: no limit
    attempt_seconds: float  # an attempt that takes longer has failed; 0: no limit
    max_attempts: int  # so many may fail: 3
    max_losses: int  # so many may be lost with their worker: as many; 0, of one: at most once
    idempotency_key: str  # the same for every attempt; its id
    risk_tier: Tier  # safe; high-risk waits for a person


def objective(
    description: str,
    *,
    objective_id: str,
    priority: int = USUAL_PRIORITY,
    metadata: Mapping[str, Any],
    source: str,
) -> ObjectiveProposed:
    """An objective; "tasks" in its metadata are taken as they are, and "plan" names one of the
    catalogue. Raises InvalidEvent."""
    given = Given()
    proposed = ObjectiveProposed(
        objective_id=given.text("objective_id", objective_id),
        description=given.text("description", description),
        priority=given.whole("priority", priority, UINT32),
        metadata_json=given.json_object("metadata", metadata),
        source=given.text("source", source),
    )
    given.check()
    return proposed


def check_task_fields(given: Given, name: str, step: Any) -> None:
    """Note everything in a step that cannot be recorded as it is. Whether it makes sense the
    overseer judges."""
    if not isinstance(step, Mapping):
        given.problems.append(f"{name} is of type {type(step).__name__}, and it has to be a step")
        return
    before = f"{name}." if name else ""
    given.problems += [
        f"{before}{str(key)[:40]} is nothing that a step has: {', '.join(_CHECKS)}"
        for key in step
        if key not in _CHECKS
    ]
    for key, check in _CHECKS.items():
        if key in step:
            check(given, f"{before}{key}", step[key])


_CHECKS: Final[dict[str, Callable[[Given, str, Any], object]]] = {
    "action": Given.text,
    "id": Given.text,
    "description": Given.text,
    "payload": Given.json_object,
    "priority": lambda given, name, value: given.whole(name, value, UINT32),
    "after": Given.texts,
    "skills": Given.texts,
    "cpu_count": Given.number,
    "memory_bytes": lambda given, name, value: given.whole(name, value, UINT64),
    "ttl_seconds": Given.number,
    "attempt_seconds": Given.number,
    "max_attempts": lambda given, name, value: given.whole(name, value, UINT32),
    "max_losses": lambda given, name, value: given.whole(name, value, UINT32),
    "idempotency_key": Given.text,
    "risk_tier": lambda given, name, value: given.one_of(name, value, TIERS),
}


def task(step: TaskFields, *, task_id: str, owner: str) -> TasksProposed:
    """A task that belongs to no objective. Raises InvalidEvent."""
    given = Given()
    check_task_fields(given, "task", step)
    given.text("id", task_id)
    given.text("owner", owner)
    given.check()
    manifest = TaskManifest(
        task_id=task_id,
        action=step.get("action", ""),  # the overseer says that there is none
        description=step.get("description", ""),
        payload_json=given.json_object("payload", step.get("payload", {})),
        priority=step.get("priority", USUAL_PRIORITY),
        owner=owner,
        depends_on=step.get("after", ()),
        ttl_seconds=step.get("ttl_seconds", 0.0),
        attempt_seconds=step.get("attempt_seconds", 0.0),
        required_skills=step.get("skills", ()),
        required_cpu_count=step.get("cpu_count", 0.0),
        required_memory_bytes=step.get("memory_bytes", 0),
        max_attempts=step.get("max_attempts", USUAL_ATTEMPTS),
        max_losses=step.get("max_losses"),
        idempotency_key=step.get("idempotency_key", ""),
        risk_tier=TIERS[step.get("risk_tier", "safe")],
    )
    return TasksProposed(tasks=[manifest])


def request_id(proposal: ObjectiveProposed | TasksProposed, *, agent_id: str) -> str:
    """The id of this proposal by this member."""
    content = proposal.SerializeToString(deterministic=True)
    return child_id(f"proposal by {agent_id}", content_hash(content))
