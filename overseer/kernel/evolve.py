"""What does each event mean for the kernel? One function a kind of event, state in, state out.

What does not fit the state, such as a step of a task that is not open, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from immutables import Map

from enchanted.events.v1.command_pb2 import CommandIssued
from enchanted.events.v1.objective_pb2 import ObjectiveRejected
from enchanted.events.v1.task_pb2 import (
    RESULT_COMPLETED,
    RESULT_QUARANTINED,
    TaskAcknowledged,
    TaskCancelled,
    TaskClaimed,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskProgressed,
    TaskQuarantined,
    TaskRejected,
    TaskReleased,
    TaskSubmitted,
)
from enchanted.events.v1.task_request_pb2 import ResultArrivedLate
from enchanted.events.v1.worker_pb2 import (
    WorkerDeparted,
    WorkerHeartbeat,
    WorkerLost,
    WorkerRegistered,
)
from nervous_system.contract.event import Recorded
from nervous_system.service.changed import changed
from overseer.kernel import dismissed, lives, retrying, sleeping
from overseer.kernel.state import (
    MOST_ENDED,
    MOST_RECORDS,
    MOST_REFUSALS,
    Kernel,
    Record,
    record_key,
)
from overseer.kernel.task import Claim, Ended, Manifest, Task
from overseer.kernel.waiting import line_of
from overseer.kernel.worker import MOST_NAME_CHARACTERS, Worker


def evolve(kernel: Kernel, recorded: Recorded) -> Kernel:
    """The kernel after one more event."""
    means = _MEANING.get(type(recorded.event.payload))
    return kernel if means is None else means(kernel, recorded.event.payload, recorded)


def _submitted(kernel: Kernel, payload: TaskSubmitted, recorded: Recorded) -> Kernel:
    manifest = Manifest.decode(payload.manifest)
    if manifest.task_id in kernel.tasks or manifest.task_id in kernel.ended:
        return kernel
    unmet = frozenset(
        each
        for each in manifest.depends_on
        if each not in kernel.ended or kernel.ended[each].result != RESULT_COMPLETED
    )
    task = Task(
        manifest=manifest,
        submitted_at=recorded.recorded_at,
        request_id=recorded.event.causation_id,
        ticket=kernel.next_ticket,
        waits_until=recorded.recorded_at,
        unmet=unmet,
        traceparent=recorded.event.traceparent,
    )
    return changed(
        kernel,
        tasks=kernel.tasks.set(task.task_id, task),
        waiting=kernel.line.added(task).queued(task),
        next_ticket=kernel.next_ticket + 1,
    )


def _claimed(kernel: Kernel, payload: TaskClaimed, recorded: Recorded) -> Kernel:
    task = kernel.tasks.get(payload.task_id)
    if task is None or not task.waiting:
        return kernel
    event = recorded.event
    claim = Claim(
        worker_id=payload.worker_id,
        request_id=payload.request_id,
        event_id=event.event_id,
        traceparent=event.traceparent,
        claimed_at=recorded.recorded_at,
        lease_seconds=payload.lease_seconds,
        lease_until=recorded.recorded_at + timedelta(seconds=payload.lease_seconds),
    )
    task = changed(task, claim=claim, attempt=payload.attempt, last_worker_id=payload.worker_id)
    tasks = kernel.tasks.set(task.task_id, task)
    waiting = kernel.line.due(tasks, recorded.recorded_at).trimmed(tasks, line_of(task))
    return changed(
        kernel,
        tasks=tasks,
        waiting=waiting,
        claimed=kernel.claimed.set(task.task_id, payload.worker_id),
        workers=_holding(kernel, payload.worker_id, task.task_id, recorded.recorded_at),
    )


def _progressed(kernel: Kernel, payload: TaskProgressed, recorded: Recorded) -> Kernel:
    task = kernel.tasks.get(payload.task_id)
    if task is None or task.claim is None or task.attempt != payload.attempt:
        return kernel
    tasks = kernel.tasks.set(task.task_id, _renewed(task, recorded.recorded_at))
    return changed(
        kernel, tasks=tasks, workers=_heard(kernel, payload.worker_id, recorded.recorded_at)
    )


def _renewed(task: Task, now: datetime) -> Task:
    claim = task.claim
    assert claim is not None
    until = now + timedelta(seconds=claim.lease_seconds)
    return changed(task, claim=changed(claim, lease_until=until))


def _released(kernel: Kernel, payload: TaskReleased, recorded: Recorded) -> Kernel:
    task = kernel.tasks.get(payload.task_id)
    if task is None and payload.again:
        return retrying.brought_back(kernel, payload, recorded.recorded_at)
    if task is None or (task.claim is None and not task.quarantined):
        return kernel
    task = changed(
        retrying.with_payload(task, payload),
        losses=task.losses if payload.given_back else task.losses + 1,
        last_result_id=recorded.event.causation_id,
    )
    if task.quarantined:
        task = changed(task, losses=0, failures=0)
    return _waits_again(kernel, task, payload.retry_in_seconds, recorded.recorded_at)


def _failed(kernel: Kernel, payload: TaskFailed, recorded: Recorded) -> Kernel:
    task = kernel.tasks.get(payload.task_id)
    if task is None or task.claim is None or task.attempt != payload.attempt:
        return kernel
    task = changed(task, failures=task.failures + 1, last_result_id=recorded.event.causation_id)
    kernel = _scored(kernel, task, payload.worker_id, success=False)
    if not payload.HasField("retry_in_seconds"):
        return _put(kernel, task)  # its acknowledgement follows in the same batch
    return _waits_again(kernel, task, payload.retry_in_seconds, recorded.recorded_at)


def _completed(kernel: Kernel, payload: TaskCompleted, recorded: Recorded) -> Kernel:
    task = kernel.tasks.get(payload.task_id)
    if task is None or task.claim is None or task.attempt != payload.attempt:
        return kernel
    task = changed(task, last_result_id=recorded.event.causation_id)
    return _put(_scored(kernel, task, payload.worker_id, success=True), task)


def _quarantined(kernel: Kernel, payload: TaskQuarantined, recorded: Recorded) -> Kernel:
    task = kernel.tasks.get(payload.task_id)
    if task is None or task.quarantined:
        return kernel
    kernel = _let_go(kernel, task)
    task = changed(task, claim=None, aside=payload.reason)
    return _put(changed(kernel, waiting=kernel.line.set_aside(task)), task)


def _acknowledged(kernel: Kernel, payload: TaskAcknowledged, recorded: Recorded) -> Kernel:
    """The end of a task, whatever the step before was; what waited for it goes on or is doomed."""
    task = kernel.tasks.get(payload.task_id)
    if task is None or payload.result == RESULT_QUARANTINED:
        return kernel
    kernel = _let_go(kernel, task)
    if payload.result != RESULT_COMPLETED:
        kernel = retrying.remembered(kernel, task)
    ended = Ended(
        result=payload.result,
        ended_at=recorded.recorded_at,
        objective_id=payload.objective_id,
        action=payload.action,
        worker_id=payload.worker_id,
        attempts=payload.attempts,
        tool_efficacy_score=payload.tool_efficacy_score,
        request_id=task.request_id,
        last_result_id=task.last_result_id,
    )
    number = kernel.ended_count
    all_ended = kernel.ended.set(task.task_id, ended)
    order = kernel.ended_order.set(str(number), task.task_id)
    oldest = order.get(str(number - MOST_ENDED))
    if oldest is not None:
        if oldest in all_ended:  # it was not tried again
            all_ended = all_ended.delete(oldest)
        order = order.delete(str(number - MOST_ENDED))
    doomed = kernel.doomed
    if task.task_id in doomed:
        doomed = doomed.delete(task.task_id)
    kernel = changed(
        kernel,
        tasks=kernel.tasks.delete(task.task_id),
        ended=all_ended,
        ended_order=order,
        ended_count=number + 1,
        doomed=doomed,
    )
    kernel = _dependents_after(kernel, task.task_id, payload)
    line = kernel.line.aside_no_more(task).trimmed(kernel.tasks, line_of(task))
    return changed(kernel, waiting=line.without_ended(kernel.tasks))


def _dependents_after(kernel: Kernel, task_id: str, payload: TaskAcknowledged) -> Kernel:
    dependents = kernel.line.dependents.get(task_id)
    if dependents is None:
        return kernel
    index = changed(kernel.line, dependents=kernel.line.dependents.delete(task_id))
    tasks, doomed = kernel.tasks, kernel.doomed
    for each in sorted(dependents):
        dependent = tasks.get(each)
        if dependent is None:
            continue
        if payload.result == RESULT_COMPLETED:
            dependent = changed(dependent, unmet=dependent.unmet - {task_id})
            tasks = tasks.set(each, dependent)
            index = index.queued(dependent)
        else:
            doomed = doomed.set(each, retrying.for_want_of(task_id))
    return changed(kernel, tasks=tasks, doomed=doomed, waiting=index)


def _rejected(kernel: Kernel, payload: TaskRejected, recorded: Recorded) -> Kernel:
    name = payload.task_id or "a task without an id"
    reasons = tuple(f"{name}: {reason}" for reason in payload.reasons)
    return _refused(kernel, recorded.event.causation_id, reasons)


def _objective_rejected(kernel: Kernel, payload: ObjectiveRejected, recorded: Recorded) -> Kernel:
    return _refused(kernel, recorded.event.causation_id, tuple(payload.reasons))


def _late(kernel: Kernel, payload: ResultArrivedLate, recorded: Recorded) -> Kernel:
    return _refused(kernel, recorded.event.causation_id, (payload.reason,))


def _refused(kernel: Kernel, request_id: str, reasons: tuple[str, ...]) -> Kernel:
    refusals, order = kernel.refusals, kernel.refusal_order
    if request_id not in refusals:
        order = (*order, request_id)
    refusals = refusals.set(request_id, (*refusals.get(request_id, ()), *reasons)[:50])
    if len(order) > MOST_REFUSALS:
        refusals = refusals.delete(order[0])
        order = order[1:]
    return changed(kernel, refusals=refusals, refusal_order=order)


def _registered(kernel: Kernel, payload: WorkerRegistered, recorded: Recorded) -> Kernel:
    if _is_of_another(kernel, payload.worker_id, recorded):
        return kernel
    worker = Worker(
        worker_id=payload.worker_id,
        role=recorded.event.agent_role,
        skills=frozenset(payload.skills),
        max_concurrent_tasks=payload.max_concurrent_tasks or 1,
        host=payload.host[:MOST_NAME_CHARACTERS],
        registered_at=recorded.recorded_at,
        heard_at=recorded.recorded_at,
        actions=frozenset(payload.actions),
        pid=payload.pid,
        session=lives.session_of(recorded.event),
    )
    gone = dismissed.back(kernel.dismissed, worker.worker_id)
    return lives.registered(changed(kernel, dismissed=gone), worker)


def _heartbeat(kernel: Kernel, payload: WorkerHeartbeat, recorded: Recorded) -> Kernel:
    worker = kernel.workers.get(payload.worker_id)
    if worker is None or _is_of_another(kernel, payload.worker_id, recorded):
        return kernel
    worker = changed(
        worker,
        heard_at=recorded.recorded_at,
        draining=payload.draining,
        rivals=lives.rivals(worker, recorded.event),
    )
    tasks = kernel.tasks
    for task_id in worker.task_ids.intersection(payload.task_ids):
        task = tasks.get(task_id)
        if task is not None and task.claim is not None:
            tasks = tasks.set(task_id, _renewed(task, recorded.recorded_at))
    workers = kernel.workers.set(worker.worker_id, worker)
    if worker.worker_id in kernel.dismissed and not worker.draining:
        gone = dismissed.unheard(kernel.dismissed, worker.worker_id, recorded.recorded_at)
        kernel = changed(kernel, dismissed=gone)
    return changed(kernel, tasks=tasks, workers=workers)


def _told(kernel: Kernel, payload: CommandIssued, recorded: Recorded) -> Kernel:
    sleeps = sleeping.after(kernel.sleeps, payload, recorded)
    if sleeps is not kernel.sleeps:
        kernel = changed(kernel, sleeps=sleeps)
    if payload.target not in kernel.workers:
        return kernel
    return changed(kernel, dismissed=dismissed.after(kernel.dismissed, payload, recorded))


def _gone(kernel: Kernel, payload: WorkerDeparted | WorkerLost, recorded: Recorded) -> Kernel:
    """What it held is released at the next tick."""
    worker = kernel.workers.get(payload.worker_id)
    if worker is None:
        return kernel
    if isinstance(payload, WorkerDeparted) and _is_of_another(kernel, payload.worker_id, recorded):
        return kernel
    return lives.gone(kernel, worker, payload, recorded)


def _is_of_another(kernel: Kernel, worker_id: str, recorded: Recorded) -> bool:
    """Whether it is said of a worker by one of another role, who has its name only."""
    worker = kernel.workers.get(worker_id)
    return worker is not None and worker.role != recorded.event.agent_role


def _waits_again(kernel: Kernel, task: Task, retry_in_seconds: float, now: datetime) -> Kernel:
    kernel = _let_go(kernel, task)
    task = changed(
        task,
        claim=None,
        aside=None,
        ticket=kernel.next_ticket,
        waits_until=now + timedelta(seconds=retry_in_seconds),
    )
    return changed(
        kernel,
        tasks=kernel.tasks.set(task.task_id, task),
        waiting=kernel.line.aside_no_more(task).queued(task),
        next_ticket=kernel.next_ticket + 1,
    )


def _let_go(kernel: Kernel, task: Task) -> Kernel:
    """Nobody holds it any more."""
    if task.claim is None:
        return kernel
    workers = kernel.workers
    worker = workers.get(task.claim.worker_id)
    if worker is not None:
        left = changed(worker, task_ids=worker.task_ids - {task.task_id})
        workers = workers.set(worker.worker_id, left)
    claimed = kernel.claimed
    if task.task_id in claimed:
        claimed = claimed.delete(task.task_id)
    return changed(kernel, workers=workers, claimed=claimed)


def _put(kernel: Kernel, task: Task) -> Kernel:
    return changed(kernel, tasks=kernel.tasks.set(task.task_id, task))


def _scored(kernel: Kernel, task: Task, worker_id: str, *, success: bool) -> Kernel:
    before = kernel.record(worker_id, task.manifest.action)
    record = Record(
        successes=before.successes + success,
        finished=before.finished + 1,
        last=kernel.ended_count,
    )
    key = record_key(worker_id, task.manifest.action)
    kernel = changed(kernel, records=kernel.records.set(key, record))
    if len(kernel.records) <= 2 * MOST_RECORDS:
        return kernel
    return changed(kernel, records=Map(kernel.latest_records(MOST_RECORDS)))


def _holding(kernel: Kernel, worker_id: str, task_id: str, now: datetime) -> Any:
    worker = kernel.workers.get(worker_id)
    if worker is None:
        return kernel.workers
    worker = changed(worker, heard_at=now, task_ids=worker.task_ids | {task_id})
    return kernel.workers.set(worker_id, worker)


def _heard(kernel: Kernel, worker_id: str, now: datetime) -> Any:
    worker = kernel.workers.get(worker_id)
    if worker is None:
        return kernel.workers
    return kernel.workers.set(worker_id, changed(worker, heard_at=now))


def _ends(kernel: Kernel, payload: TaskCancelled | TaskExpired, recorded: Recorded) -> Kernel:
    """The acknowledgement in the same batch ends it."""
    return kernel


_MEANING: Final[dict[type, Callable[[Kernel, Any, Recorded], Kernel]]] = {
    TaskSubmitted: _submitted,
    TaskRejected: _rejected,
    TaskClaimed: _claimed,
    TaskProgressed: _progressed,
    TaskReleased: _released,
    TaskFailed: _failed,
    TaskCompleted: _completed,
    TaskCancelled: _ends,
    TaskExpired: _ends,
    TaskQuarantined: _quarantined,
    TaskAcknowledged: _acknowledged,
    ResultArrivedLate: _late,
    ObjectiveRejected: _objective_rejected,
    WorkerRegistered: _registered,
    WorkerHeartbeat: _heartbeat,
    WorkerDeparted: _gone,
    WorkerLost: _gone,
    CommandIssued: _told,
}
