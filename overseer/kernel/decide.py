"""What follows from a request about tasks, and from the passing of time?

Nothing here changes anything: each function says which events should come next. `evolve.py` says
what they mean.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import Final

from enchanted.events.v1.task_pb2 import (
    RESULT_APPLIED_CHECKS_FAILED,
    RESULT_CANCELLED,
    RESULT_CHECKS_FAILED,
    RESULT_COMPLETED,
    RESULT_EXPIRED,
    RESULT_FAILED,
    RESULT_QUARANTINED,
    RISK_HIGH,
    TaskAcknowledged,
    TaskCancelled,
    TaskClaimed,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskManifest,
    TaskProgressed,
    TaskQuarantined,
    TaskRejected,
    TaskReleased,
    TaskResult,
    TaskSubmitted,
)
from enchanted.events.v1.task_request_pb2 import (
    ORDER_CANCEL,
    ORDER_QUARANTINE,
    ORDER_RETRY,
    ClaimRequested,
    ProgressReported,
    ReleaseRequested,
    ResultArrivedLate,
    ResultReported,
    TaskOrdered,
    TasksProposed,
)
from enchanted.events.v1.worker_pb2 import WorkerLost
from nervous_system.contract.bounded import bounded
from nervous_system.service.decision import Emit
from overseer.kernel import lives
from overseer.kernel.calling_off import MOST_TOLD_CHARACTERS, call_off, stopped
from overseer.kernel.choice import Rules, choose
from overseer.kernel.efficacy import tool_efficacy_score
from overseer.kernel.manifest_check import problems
from overseer.kernel.retrying import on_retry
from overseer.kernel.state import Kernel, Settings
from overseer.kernel.task import Task

RESULTS: Final = (
    *(RESULT_COMPLETED, RESULT_CHECKS_FAILED),
    *(RESULT_APPLIED_CHECKS_FAILED, RESULT_FAILED),
)
"""How a worker's attempt can end; every other end is the overseer's to tell."""

NEEDS_A_PERSON: Final = (
    "its risk tier is high-risk: only a person may propose it so; as a task of an objective it"
    " waits for a person's approval"
)

_BEGUN_ONCE: Final = "it may have begun, and may be done at most once"

MOST_PROPOSED: Final = 400
"""Tasks in one proposal: with what follows they must fit one atomic batch."""

MOST_PER_TICK: Final = 150
"""Tasks and workers that time decides over at once; the others follow a tick later. Each leads to
three events at most: beside what a pulse plans, all of them must fit one atomic batch."""


MOST_GIVEN_UP: Final = 20
"""Of those that were set aside, at one tick."""


def on_proposal(
    kernel: Kernel,
    rules: Rules,
    request_id: str,
    proposal: TasksProposed,
    *,
    by_person: bool,
    objectives: Container[str],
) -> tuple[Emit, ...]:
    """Each task is submitted or rejected; what is of high risk only a person may propose so."""
    known = [kernel.tasks.get(each.task_id) for each in proposal.tasks]
    if any(task is not None and task.request_id == request_id for task in known):
        return ()  # asked again
    ended = [kernel.ended.get(each.task_id) for each in proposal.tasks]
    if any(task is not None and task.request_id == request_id for task in ended):
        return ()
    return submissions(
        kernel,
        rules,
        proposal.tasks,
        together=proposal.together,
        by_person=by_person,
        objectives=objectives,
    )


def objections(
    kernel: Kernel,
    rules: Rules,
    manifests: Sequence[TaskManifest],
    *,
    by_person: bool = True,
    objectives: Container[str] = (),
) -> dict[int, list[str]]:
    """What stands against proposed tasks, by their number; only those with something against.

    `objectives` are others, that keep the ids below theirs.
    """
    found = problems(kernel, manifests, objectives=objectives)
    wrong = {number: list(why) for number, why in found.items()}
    for number, manifest in enumerate(manifests):
        against = rules.policy.against(action=manifest.action, risk_tier=manifest.risk_tier)
        if not against and manifest.risk_tier == RISK_HIGH and not by_person:
            against = NEEDS_A_PERSON
        if against:
            wrong.setdefault(number, []).append(against)
    _reject_what_depends_on(wrong, manifests, kernel)
    return wrong


def submissions(
    kernel: Kernel,
    rules: Rules,
    manifests: Sequence[TaskManifest],
    *,
    together: bool,
    by_person: bool = True,
    objectives: Container[str] = (),
    more_open: int = 0,
) -> tuple[Emit, ...]:
    """What proposed manifests lead to; with `together`, one that is wrong rejects them all.

    `more_open` tasks are submitted before them in the same batch.
    """
    if len(manifests) > MOST_PROPOSED:
        reason = f"{len(manifests)} tasks at once are more than {MOST_PROPOSED}"
        return (_rejection(0, manifests[0], [reason]),)
    wrong = objections(kernel, rules, manifests, by_person=by_person, objectives=objectives)
    most, are = rules.policy.max_open_tasks, len(kernel.tasks) + more_open
    everything: list[str] = []
    if are + len(manifests) > most:
        everything = [f"the policy allows {most} open tasks and {are} are"]
    elif together and wrong:
        everything = ["it was proposed together with a task that was rejected"]
    emits = []
    for number, manifest in enumerate(manifests):
        if reasons := wrong.get(number, everything):
            emits.append(_rejection(number, manifest, reasons))
        else:
            submitted = TaskSubmitted(manifest=manifest)
            emits.append(Emit(label=f"submitted {number}", payload=submitted, begins=True))
    return tuple(emits)


def _rejection(number: int, manifest: TaskManifest, reasons: Sequence[str]) -> Emit:
    rejected = TaskRejected(
        task_id=manifest.task_id, objective_id=manifest.objective_id, reasons=reasons
    )
    return Emit(label=f"rejected {number}", payload=rejected)


def _reject_what_depends_on(
    wrong: dict[int, list[str]], manifests: Sequence[TaskManifest], kernel: Kernel
) -> None:
    """What waits for a task of the same proposal that is rejected would wait for ever."""
    accepted = {each.task_id for number, each in enumerate(manifests) if number not in wrong}
    lost = [each.task_id for each in manifests if each.task_id not in accepted]
    waiting: dict[str, list[int]] = {}
    for number, manifest in enumerate(manifests):
        for before in manifest.depends_on:
            waiting.setdefault(before, []).append(number)
    while lost:
        before = lost.pop()
        if before in kernel.tasks or before in kernel.ended:
            continue  # it is known by that id from before
        for number in waiting.get(before, ()):
            if number not in wrong:
                wrong[number] = [f"it depends on {before}, which is rejected"]
                lost.append(manifests[number].task_id)


def on_claim(
    kernel: Kernel,
    rules: Rules,
    settings: Settings,
    request_id: str,
    request: ClaimRequested,
    now: datetime,
) -> tuple[Emit, ...]:
    """The best task is claimed, or nothing happens."""
    if granted(kernel, request_id, request.worker_id) is not None:
        return ()  # asked again
    task = choose(kernel, rules, settings, request, now)
    if isinstance(task, str):
        return ()
    claimed = TaskClaimed(
        task_id=task.task_id,
        worker_id=request.worker_id,
        request_id=request_id,
        attempt=task.attempt + 1,
        lease_seconds=settings.lease_seconds,
    )
    return (Emit(label="claimed", payload=claimed, traceparent=request.traceparent),)


def granted(kernel: Kernel, request_id: str, worker_id: str) -> Task | None:
    """The task that this very request was given, while the worker has it."""
    worker = kernel.workers.get(worker_id)
    for task_id in worker.task_ids if worker is not None else ():
        task = kernel.tasks.get(task_id)
        if task is not None and task.claim is not None and task.claim.request_id == request_id:
            return task
    return None


def on_progress(kernel: Kernel, settings: Settings, request: ProgressReported) -> tuple[Emit, ...]:
    """The lease begins anew, where the worker still has it."""
    if held(kernel, request.task_id, request.worker_id, request.attempt) is None:
        return ()
    progressed = TaskProgressed(
        task_id=request.task_id,
        worker_id=request.worker_id,
        attempt=request.attempt,
        note=request.note,
        lease_seconds=settings.lease_seconds,
    )
    if request.HasField("fraction"):
        progressed.fraction = request.fraction
    return (Emit(label="progressed", payload=progressed),)


def held(kernel: Kernel, task_id: str, worker_id: str, attempt: int) -> Task | None:
    """The task, if this worker has it in this attempt."""
    task = kernel.tasks.get(task_id)
    if task is None or task.claim is None:
        return None
    return task if (task.claim.worker_id, task.attempt) == (worker_id, attempt) else None


def can_end(kernel: Kernel, report: ResultReported) -> bool:
    """Whether an attempt can end so: cancelled only one that was called off, and so is over."""
    if report.result == RESULT_CANCELLED:
        return held(kernel, report.task_id, report.worker_id, report.attempt) is None
    return report.result in RESULTS


def on_result(
    kernel: Kernel, settings: Settings, request_id: str, report: ResultReported, now: datetime
) -> tuple[Emit, ...]:
    """The task is completed, or fails; what comes too late is recorded and changes nothing."""
    if not can_end(kernel, report):
        return ()
    if applied(kernel, report.task_id, request_id) or request_id in kernel.refusals:
        return ()  # asked again
    task = held(kernel, report.task_id, report.worker_id, report.attempt)
    if task is None:
        late = ResultArrivedLate(
            task_id=report.task_id,
            worker_id=report.worker_id,
            attempt=report.attempt,
            result=report.result,
            reason=_why_late(kernel, report),
        )
        return (Emit(label="late", payload=late),)
    if report.result == RESULT_COMPLETED:
        completed = TaskCompleted(
            task_id=task.task_id, worker_id=report.worker_id, attempt=report.attempt
        )
        return (
            Emit(label="completed", payload=completed),
            acknowledge(task, report.result, now, report=report),
        )
    failed = _failed(task, settings, report.result, report.notes or "its worker gave no reason")
    emit = Emit(label="failed", payload=failed)
    if failed.HasField("retry_in_seconds"):
        return (emit,)
    return (emit, acknowledge(task, report.result, now, report=report))


def _failed(
    task: Task, settings: Settings, result: TaskResult.ValueType, reason: str
) -> TaskFailed:
    """The end of the attempt that is under way, and when the next is due, where there is one."""
    assert task.claim is not None
    failed = TaskFailed(
        task_id=task.task_id,
        worker_id=task.claim.worker_id,
        attempt=task.attempt,
        result=result,
        reason=reason,
    )
    if task.failures + 1 < task.manifest.max_attempts:
        failed.retry_in_seconds = _backoff(settings, task.failures + 1)
    return failed


def applied(kernel: Kernel, task_id: str, request_id: str) -> bool:
    """Whether this very report was taken before."""
    task = kernel.tasks.get(task_id)
    if task is not None:
        return task.last_result_id == request_id
    ended = kernel.ended.get(task_id)
    return ended is not None and ended.last_result_id == request_id


def on_release(
    kernel: Kernel, request_id: str, request: ReleaseRequested, now: datetime
) -> tuple[Emit, ...]:
    """A task that its worker gives back waits again, at once; not one that is done at most once."""
    if applied(kernel, request.task_id, request_id):
        return ()
    task = held(kernel, request.task_id, request.worker_id, request.attempt)
    if task is None:
        return ()
    why = request.reason or "its worker gave it back"
    if task.manifest.at_most_once:
        return _quarantine(task, f"{_BEGUN_ONCE}: {why}", now)
    released = TaskReleased(
        task_id=task.task_id,
        worker_id=request.worker_id,
        attempt=request.attempt,
        reason=why,
        given_back=True,
    )
    return (Emit(label="released", payload=released),)


def on_order(kernel: Kernel, order: TaskOrdered, now: datetime) -> tuple[Emit, ...]:
    """A person or the guardian has the last word over a task."""
    if order.order == ORDER_RETRY:
        return on_retry(kernel, order)
    task = kernel.tasks.get(order.task_id)
    if task is None:
        return ()
    if order.order == ORDER_CANCEL:
        return _cancel(task, order.reason or "it was called off", now)
    if order.order == ORDER_QUARANTINE and not task.quarantined:
        return _quarantine(task, order.reason or "it was set aside", now)
    return ()


def give_up_set_aside(
    kernel: Kernel, task_ids: Iterable[str], reason: str, now: datetime
) -> tuple[Emit, ...]:
    """Cancel those tasks that are quarantined, where nothing else of them is under way."""
    tasks = [kernel.tasks[each] for each in sorted(task_ids) if each in kernel.tasks]
    aside = [task for task in tasks if task.quarantined and task.task_id not in kernel.doomed]
    under_way = any(not task.quarantined and not task.unmet for task in tasks)
    if under_way:
        return ()
    some = aside[:MOST_GIVEN_UP]
    return tuple(chain.from_iterable(_cancel(each, reason, now) for each in some))


def on_time(
    kernel: Kernel, settings: Settings, now: datetime, *, halted: str = ""
) -> tuple[Emit, ...]:
    """What ran out: workers' patience, leases, times to live, hope for a dependency. `halted` says
    why nothing goes on that is being done.

    In an order that is the same in every process: a replay must come to the same tickets.
    """
    over = chain(
        _taken_back(kernel, settings, now, halted),
        _fallen_silent(kernel, settings, now),
        (_expire(task, now) for task in kernel.line.expired(kernel.tasks, now)),
        (_cancel(task, reason, now) for task, reason in _doomed(kernel, now)),
    )
    return tuple(chain.from_iterable(islice(over, MOST_PER_TICK)))


def _fallen_silent(kernel: Kernel, settings: Settings, now: datetime) -> Iterator[tuple[Emit, ...]]:
    """Workers that were not heard for too long; what they held is released at the next tick."""
    silent = {
        worker_id: (now - worker.heard_at).total_seconds()
        for worker_id, worker in kernel.workers.items()
    }
    lost = [each for each, seconds in silent.items() if seconds > settings.worker_timeout_seconds]
    for worker_id in sorted(lost):
        gone = WorkerLost(worker_id=worker_id, silent_seconds=silent[worker_id])
        yield (Emit(label=f"lost {worker_id}", payload=gone),)


def _expire(task: Task, now: datetime) -> tuple[Emit, ...]:
    reason = f"nobody had done it after {task.manifest.ttl_seconds:g} s"
    expired = TaskExpired(task_id=task.task_id, reason=reason)
    return (
        Emit(label=f"expired {task.task_id}", payload=expired),
        *call_off(task, reason),
        acknowledge(task, RESULT_EXPIRED, now),
    )


def _doomed(kernel: Kernel, now: datetime) -> Iterator[tuple[Task, str]]:
    """Tasks that are to be cancelled, and why; what expires at this very moment ends so."""
    for task_id, reason in sorted(kernel.doomed.items()):
        task = kernel.tasks.get(task_id)
        if task is not None and not task.expired(now):
            yield task, reason


def _taken_back(
    kernel: Kernel, settings: Settings, now: datetime, halted: str
) -> Iterator[tuple[Emit, ...]]:
    """Claimed tasks whose lease ran out, whose worker is gone or began a new life, whose attempt
    takes too long, or that a halt ends; by age. Those that are to be cancelled are not put back
    first."""
    taken = []
    for task_id, worker_id in kernel.claimed.items():
        task, worker = kernel.tasks[task_id], kernel.workers.get(worker_id)
        if task_id in kernel.doomed or task.claim is None or task.expired(now):
            continue
        alone = worker is None or task_id not in worker.task_ids
        if halted or alone or task.claim.lease_until <= now or _takes_too_long(task, settings, now):
            taken.append(task)
    for task in sorted(taken, key=lambda task: task.ticket):
        if halted and task.manifest.at_most_once:
            yield _quarantine(task, f"{_BEGUN_ONCE}: {halted}", now)
        elif halted:
            yield stopped(task, halted)
        elif _takes_too_long(task, settings, now):
            yield _timed_out(task, settings, now)
        else:
            yield _lost(kernel, task, settings, now)


def _takes_too_long(task: Task, settings: Settings, now: datetime) -> bool:
    """Whether its worker should have ended the attempt a while ago."""
    most_seconds = task.manifest.attempt_seconds
    if not most_seconds or task.claim is None:
        return False
    return (now - task.claim.claimed_at).total_seconds() > most_seconds + settings.overtime_seconds


def _timed_out(task: Task, settings: Settings, now: datetime) -> tuple[Emit, ...]:
    reason = (
        f"it took longer than {task.manifest.attempt_seconds:g} s, the limit of its attempts, and"
        " its worker did not end it"
    )
    failed = _failed(task, settings, RESULT_FAILED, reason)
    emits = (Emit(label=f"failed {task.task_id}", payload=failed), *call_off(task, reason))
    if failed.HasField("retry_in_seconds"):
        return emits
    return (*emits, acknowledge(task, RESULT_FAILED, now, notes=reason))


def _lost(kernel: Kernel, task: Task, settings: Settings, now: datetime) -> tuple[Emit, ...]:
    claim = task.claim
    assert claim is not None
    why = claim.lost or lives.why_ran_out(kernel, claim, now)
    if task.losses >= task.manifest.max_losses:
        were = f"{task.losses + 1} workers were" if task.losses else "a worker was"
        reason = f"{were} lost over it, more than may; the last time {why}"
        return _quarantine(task, reason, now)
    released = TaskReleased(
        task_id=task.task_id,
        worker_id=claim.worker_id,
        attempt=task.attempt,
        reason=why,
        retry_in_seconds=0.0 if task.losses == 0 else _backoff(settings, task.losses),
    )
    emit = Emit(label=f"released {task.task_id}", payload=released)
    # Of a lease that ran out a worker that lives knows nothing: its heartbeats are not answered.
    return (emit, *call_off(task, why)) if claim.lease_until <= now else (emit,)


def _cancel(task: Task, reason: str, now: datetime) -> tuple[Emit, ...]:
    cancelled = TaskCancelled(task_id=task.task_id, reason=reason)
    return (
        Emit(label=f"cancelled {task.task_id}", payload=cancelled),
        *call_off(task, reason),
        acknowledge(task, RESULT_CANCELLED, now, notes=reason),
    )


def _quarantine(task: Task, reason: str, now: datetime) -> tuple[Emit, ...]:
    set_aside = TaskQuarantined(task_id=task.task_id, reason=reason)
    return (
        Emit(label=f"quarantined {task.task_id}", payload=set_aside),
        *call_off(task, reason),
        acknowledge(task, RESULT_QUARANTINED, now, notes=reason),
    )


def acknowledge(
    task: Task,
    result: TaskResult.ValueType,
    now: datetime,
    *,
    report: ResultReported | None = None,
    notes: str = "",
) -> Emit:
    """What a task that ends leaves behind."""
    began = task.claim.claimed_at if task.claim is not None else now
    duration_seconds = (now - began).total_seconds()
    changed_files = list(report.changed_files) if report is not None else []
    acknowledged = TaskAcknowledged(
        task_id=task.task_id,
        objective_id=task.manifest.objective_id,
        action=task.manifest.action,
        worker_id=task.claim.worker_id if task.claim is not None else task.last_worker_id,
        attempts=task.attempt,
        result=result,
        output=report.output if report is not None else "",
        duration_seconds=duration_seconds,
        changed_files=changed_files,
        notes=report.notes if report is not None else notes,
        tool_efficacy_score=tool_efficacy_score(
            result=result, duration_seconds=duration_seconds, changed_files=len(changed_files)
        ),
    )
    return Emit(label=f"acknowledged {task.task_id}", payload=acknowledged)


def _why_late(kernel: Kernel, report: ResultReported) -> str:
    if report.result == RESULT_CANCELLED and report.notes:
        return bounded(report.notes, most_characters=MOST_TOLD_CHARACTERS)
    if report.task_id in kernel.ended:
        return "the task has ended"
    task = kernel.tasks.get(report.task_id)
    if task is None:
        return "there is no such task"
    if task.claim is None:
        return f"the lease of attempt {report.attempt} was lost, and the task waits again"
    return f"attempt {task.attempt} of {task.claim.worker_id} is under way"


def _backoff(settings: Settings, times: int) -> float:
    """Before the next attempt after so many failures."""
    return min(
        settings.longest_backoff_seconds, settings.backoff_seconds * 2.0 ** min(times - 1, 30)
    )
