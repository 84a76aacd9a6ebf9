"""Who is told that what he does for a task is not wanted any more?

The worker of the attempt, by a command, in the batch that takes it from him: it reaches him also
where he was away meanwhile.
"""

from __future__ import annotations

from typing import Final

from enchanted.events.v1.command_pb2 import COMMAND_CANCEL, CommandIssued
from enchanted.events.v1.task_pb2 import TaskReleased
from nervous_system.contract.bounded import bounded
from nervous_system.service.decision import Emit
from overseer.kernel.task import Task

TOLD_SECONDS: Final = 3600.0
"""So long it counts: who is away for longer finds out when he reports."""

MOST_TOLD_CHARACTERS: Final = 300
"""Of why."""


def call_off(task: Task, reason: str) -> tuple[Emit, ...]:
    """Who has it is told to end what he does for it; nothing where nobody has it."""
    if task.claim is None:
        return ()
    told = CommandIssued(
        kind=COMMAND_CANCEL,
        target=task.claim.worker_id,
        reason=bounded(reason, most_characters=MOST_TOLD_CHARACTERS),
        expires_in_seconds=TOLD_SECONDS,
        emergency=True,
        task_id=task.task_id,
        attempt=task.attempt,
    )
    return (Emit(label=f"told {task.task_id}", payload=told),)


def stopped(task: Task, halted: str) -> tuple[Emit, ...]:
    """An attempt that a halt ends: the task waits again, and nothing is counted against it."""
    assert task.claim is not None
    released = TaskReleased(
        task_id=task.task_id,
        worker_id=task.claim.worker_id,
        attempt=task.attempt,
        reason=halted,
        given_back=True,
    )
    return (Emit(label=f"released {task.task_id}", payload=released), *call_off(task, halted))
