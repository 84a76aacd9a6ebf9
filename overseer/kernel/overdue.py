"""What does the passing of time lead to, of tasks and workers?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain, islice
from typing import Final

from enchanted.events.v1.task_pb2 import RESULT_FAILED, TaskReleased
from enchanted.events.v1.worker_pb2 import WorkerLost
from nervous_system.service.decision import Emit
from overseer.kernel import lives
from overseer.kernel.ends import (
    BEGUN_ONCE,
    acknowledge,
    backoff,
    call_off,
    call_off_halted,
    cancel,
    expire,
    failed_attempt,
    quarantine,
)
from overseer.kernel.state import Kernel, KernelSettings
from overseer.kernel.task import Task

MAX_PER_TICK: Final = 150
"""Tasks and workers that time decides over at once; the others follow a tick later. Each leads to
three events at most: beside what a pulse plans, all of them must fit one atomic batch."""

MAX_GIVEN_UP: Final = 20
"""Of those that were set aside, at one tick."""


def on_time(
    kernel: Kernel, settings: KernelSettings, now: datetime, *, halted: str = ""
) -> tuple[Emit, ...]:
    """What ran out: workers' patience, leases, times to live, hope for a dependency. `halted` says
    why nothing goes on that is being done.

    In an order that is the same in every process: a replay must come to the same `queue_seq`.
    """
    over = chain(
        _take_back(kernel, settings, now, halted),
        _fallen_silent(kernel, settings, now),
        (expire(task, now) for task in kernel.ready_queue.expired(kernel.tasks, now)),
        (cancel(task, reason, now) for task, reason in _to_cancel(kernel, now)),
    )
    return tuple(chain.from_iterable(islice(over, MAX_PER_TICK)))


def _fallen_silent(
    kernel: Kernel, settings: KernelSettings, now: datetime
) -> Iterator[tuple[Emit, ...]]:
    """Workers that were not heard for too long; what they held is released at the next tick."""
    silent = {
        worker_id: (now - worker.heard_at).total_seconds()
        for worker_id, worker in kernel.workers.items()
    }
    lost = [each for each, seconds in silent.items() if seconds > settings.worker_timeout_seconds]
    for worker_id in sorted(lost):
        gone = WorkerLost(worker_id=worker_id, silent_seconds=silent[worker_id])
        yield (Emit(label=f"lost {worker_id}", payload=gone),)


def _to_cancel(kernel: Kernel, now: datetime) -> Iterator[tuple[Task, str]]:
    """Tasks that are to be cancelled, and why; what expires at this very moment ends so."""
    for task_id, reason in sorted(kernel.to_cancel.items()):
        task = kernel.tasks.get(task_id)
        if task is not None and not task.expired(now):
            yield task, reason


def _take_back(
    kernel: Kernel, settings: KernelSettings, now: datetime, halted: str
) -> Iterator[tuple[Emit, ...]]:
    """Claimed tasks whose lease ran out, whose worker is gone or began a new life, whose attempt
    takes too long, or that a halt ends; by age. Those that are to be cancelled are not put back
    first."""
    taken = []
    for task_id, worker_id in kernel.claimed.items():
        task, worker = kernel.tasks[task_id], kernel.workers.get(worker_id)
        if task_id in kernel.to_cancel or task.claim is None or task.expired(now):
            continue
        alone = worker is None or task_id not in worker.task_ids
        if halted or alone or task.claim.lease_until <= now or _takes_too_long(task, settings, now):
            taken.append(task)
    for task in sorted(taken, key=lambda task: task.queue_seq):
        if halted and task.manifest.at_most_once:
            yield quarantine(task, f"{BEGUN_ONCE}: {halted}", now)
        elif halted:
            yield call_off_halted(task, halted)
        elif _takes_too_long(task, settings, now):
            yield _time_out(task, settings, now)
        else:
            yield _lose(kernel, task, settings, now)


def _takes_too_long(task: Task, settings: KernelSettings, now: datetime) -> bool:
    """Whether its worker should have ended the attempt a while ago."""
    max_seconds = task.manifest.attempt_seconds
    if not max_seconds or task.claim is None:
        return False
    return (now - task.claim.claimed_at).total_seconds() > max_seconds + settings.overtime_seconds


def _time_out(task: Task, settings: KernelSettings, now: datetime) -> tuple[Emit, ...]:
    reason = (
        f"it took longer than {task.manifest.attempt_seconds:g} s, the limit of its attempts, and"
        " its worker did not end it"
    )
    failed = failed_attempt(task, settings, RESULT_FAILED, reason)
    emits = (Emit(label=f"failed {task.task_id}", payload=failed), *call_off(task, reason))
    if failed.HasField("retry_in_seconds"):
        return emits
    return (*emits, acknowledge(task, RESULT_FAILED, now, notes=reason))


def _lose(kernel: Kernel, task: Task, settings: KernelSettings, now: datetime) -> tuple[Emit, ...]:
    claim = task.claim
    assert claim is not None
    why = claim.lost or lives.why_ran_out(kernel, claim, now)
    if task.lost_attempts >= task.manifest.max_losses:
        were = f"{task.lost_attempts + 1} workers were" if task.lost_attempts else "a worker was"
        reason = f"{were} lost over it, more than may; the last time {why}"
        return quarantine(task, reason, now)
    released = TaskReleased(
        task_id=task.task_id,
        worker_id=claim.worker_id,
        attempt=task.attempt,
        reason=why,
        retry_in_seconds=0.0 if task.lost_attempts == 0 else backoff(settings, task.lost_attempts),
    )
    emit = Emit(label=f"released {task.task_id}", payload=released)
    # A live worker does not know that its lease ran out, as heartbeats get no answer: tell it.
    return (emit, *call_off(task, why)) if claim.lease_until <= now else (emit,)


def give_up_set_aside(
    kernel: Kernel, task_ids: Iterable[str], reason: str, now: datetime
) -> tuple[Emit, ...]:
    """Cancel the quarantined ones of these tasks, unless another of them is under way."""
    tasks = [kernel.tasks[each] for each in sorted(task_ids) if each in kernel.tasks]
    aside = [task for task in tasks if task.quarantined and task.task_id not in kernel.to_cancel]
    under_way = any(not task.quarantined and not task.unmet_dependencies for task in tasks)
    if under_way:
        return ()
    some = aside[:MAX_GIVEN_UP]
    return tuple(chain.from_iterable(cancel(each, reason, now) for each in some))
