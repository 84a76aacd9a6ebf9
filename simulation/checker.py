"""Did every task end as it must? Judged from the log alone, whatever the agents believe.

Each was submitted and acknowledged exactly once, completed at most once, held by one worker at a
time, in attempts that count up; it was begun after what it depends on was completed, and its end is
the one that its steps lead to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from enchanted.events.v1.task_pb2 import (
    RESULT_CANCELLED,
    RESULT_COMPLETED,
    TaskAcknowledged,
    TaskCancelled,
    TaskClaimed,
    TaskCompleted,
    TaskFailed,
    TaskManifest,
    TaskReleased,
    TaskResult,
    TaskSubmitted,
)
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.words import word


@dataclass(slots=True)
class _Life:
    """What the log has said of one task so far."""

    manifest: TaskManifest
    submitted: int = 0
    attempt: int = 0
    holder: str = ""
    completed: int = 0
    failures: int = 0
    cancelled: int = 0
    ends: list[TaskResult.ValueType] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def judge(manifests: Sequence[TaskManifest], log: Iterable[RecordedEvent]) -> dict[str, list[str]]:
    """By task, what is wrong with it; empty where all is well. `log` is in its own order."""
    lives = {each.task_id: _Life(each) for each in manifests}
    for recorded in log:
        payload = recorded.event.payload
        task_id = (
            payload.manifest.task_id
            if isinstance(payload, TaskSubmitted)
            else getattr(payload, "task_id", "")
        )
        life = lives.get(task_id)
        if life is not None:
            _step(life, payload, lives)
    for life in lives.values():
        _end(life, lives)
    return {task_id: life.wrong for task_id, life in lives.items() if life.wrong}


def _step(life: _Life, payload: object, lives: dict[str, _Life]) -> None:
    if life.ends:
        life.wrong.append(f"{type(payload).__name__} after its end")
    match payload:
        case TaskSubmitted():
            life.submitted += 1
        case TaskClaimed():
            if life.holder:
                life.wrong.append(f"claimed by {payload.worker_id} while {life.holder} had it")
            if payload.attempt != life.attempt + 1:
                life.wrong.append(f"attempt {payload.attempt} follows attempt {life.attempt}")
            early = [each for each in life.manifest.depends_on if not lives[each].completed]
            if early:
                life.wrong.append(f"begun before {', '.join(early)} was completed")
            life.attempt, life.holder = payload.attempt, payload.worker_id
        case TaskReleased():
            _ends_attempt(life, payload)
        case TaskFailed():
            life.failures += 1
            _ends_attempt(life, payload)
        case TaskCompleted():
            life.completed += 1
            _ends_attempt(life, payload)
        case TaskCancelled():
            life.cancelled += 1
        case TaskAcknowledged():
            life.ends.append(payload.result)
            if payload.attempts != life.attempt:
                life.wrong.append(f"{payload.attempts} attempts reported of {life.attempt}")


def _ends_attempt(life: _Life, payload: TaskReleased | TaskFailed | TaskCompleted) -> None:
    if (payload.worker_id, payload.attempt) != (life.holder, life.attempt):
        what = type(payload).__name__
        life.wrong.append(
            f"{what} of attempt {payload.attempt} by {payload.worker_id or 'nobody'} while attempt"
            f" {life.attempt} was with {life.holder or 'nobody'}"
        )
    life.holder = ""


def _end(life: _Life, lives: dict[str, _Life]) -> None:
    if life.submitted != 1:
        life.wrong.append(f"submitted {life.submitted} times")
    if len(life.ends) != 1:
        life.wrong.append(f"acknowledged {len(life.ends)} times")
        return
    if life.completed > 1:
        life.wrong.append(f"completed {life.completed} times")
    result = life.ends[0]
    lost = [each for each in life.manifest.depends_on if not lives[each].completed]
    if life.completed:
        must = {RESULT_COMPLETED}
    elif life.failures >= life.manifest.max_attempts:
        must = set(TaskResult.values()) - {RESULT_COMPLETED, RESULT_CANCELLED}
    elif lost and life.cancelled and not life.attempt:
        must = {RESULT_CANCELLED}
    else:
        must = set()
    if result not in must:
        name = word(TaskResult, result)
        life.wrong.append(
            f"ended as {name} after {life.completed} completions, {life.failures} failures of"
            f" {life.manifest.max_attempts} allowed, with {len(lost)} dependencies not completed"
        )
