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
from nervous_system.contract.event import RecordedEvent
from nervous_system.service.fast_replace import replace
from overseer.kernel import dismissed, lives, retrying, sleeping
from overseer.kernel.ready_queue import queue_key_of
from overseer.kernel.registered_worker import MAX_NAME_CHARACTERS, RegisteredWorker
from overseer.kernel.state import (
    MAX_ENDED,
    MAX_RECORDS,
    MAX_REFUSALS,
    Kernel,
    SuccessRecord,
    record_key,
)
from overseer.kernel.task import FinishedTask, Manifest, Task, TaskClaim


def evolve(kernel: Kernel, recorded: RecordedEvent) -> Kernel:
    """The kernel after one more event."""
    means = _HANDLERS.get(type(recorded.event.payload))
    return kernel if means is None else means(kernel, recorded.event.payload, recorded)


def _on_submitted(kernel: Kernel, payload: TaskSubmitted, recorded: RecordedEvent) -> Kernel:
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
        queue_seq=kernel.next_queue_seq,
        waits_until=recorded.recorded_at,
        unmet_dependencies=unmet,
        traceparent=recorded.event.traceparent,
    )
    return replace(
        kernel,
        tasks=kernel.tasks.set(task.task_id, task),
        waiting=kernel.ready_queue.add(task).enqueue(task),
        next_queue_seq=kernel.next_queue_seq + 1,
    )


def _on_claimed(kernel: Kernel, payload: TaskClaimed, recorded: RecordedEvent) -> Kernel:
    task = kernel.tasks.get(payload.task_id)
    if task is None or not task.waiting:
        return kernel
    event = recorded.event
    claim = TaskClaim(
        worker_id=payload.worker_id,
        request_id=payload.request_id,
        event_id=event.event_id,
        traceparent=event.traceparent,
        claimed_at=recorded.recorded_at,
        lease_seconds=payload.lease_seconds,
        lease_until=recorded.recorded_at + timedelta(seconds=payload.lease_seconds),
    )
    task = replace(task, claim=claim, attempt=payload.attempt, last_worker_id=payload.worker_id)
    tasks = kernel.tasks.set(task.task_id, task)
    waiting = kernel.ready_queue.due(tasks, recorded.recorded_at).trim(tasks, queue_key_of(task))
    return replace(
        kernel,
        tasks=tasks,
        waiting=waiting,
        claimed=kernel.claimed.set(task.task_id, payload.worker_id),
        workers=_worker_with_task(kernel, payload.worker_id, task.task_id, recorded.recorded_at),
    )


def _on_progressed(kernel: Kernel, payload: TaskProgressed, recorded: RecordedEvent) -> Kernel:
    task = kernel.tasks.get(payload.task_id)
    if task is None or task.claim is None or task.attempt != payload.attempt:
        return kernel
    tasks = kernel.tasks.set(task.task_id, _renew(task, recorded.recorded_at))
    return replace(
        kernel, tasks=tasks, workers=_touch_worker(kernel, payload.worker_id, recorded.recorded_at)
    )


def _renew(task: Task, now: datetime) -> Task:
    claim = task.claim
    assert claim is not None
    until = now + timedelta(seconds=claim.lease_seconds)
    return replace(task, claim=replace(claim, lease_until=until))


def _on_released(kernel: Kernel, payload: TaskReleased, recorded: RecordedEvent) -> Kernel:
    task = kernel.tasks.get(payload.task_id)
    if task is None and payload.again:
        return retrying.bring_back(kernel, payload, recorded.recorded_at)
    if task is None or (task.claim is None and not task.quarantined):
        return kernel
    task = replace(
        retrying.with_payload(task, payload),
        lost_attempts=task.lost_attempts if payload.given_back else task.lost_attempts + 1,
        last_result_id=recorded.event.causation_id,
    )
    if task.quarantined:
        task = replace(task, lost_attempts=0, failures=0)
    return _requeue(kernel, task, payload.retry_in_seconds, recorded.recorded_at)


def _on_failed(kernel: Kernel, payload: TaskFailed, recorded: RecordedEvent) -> Kernel:
    task = kernel.tasks.get(payload.task_id)
    if task is None or task.claim is None or task.attempt != payload.attempt:
        return kernel
    task = replace(task, failures=task.failures + 1, last_result_id=recorded.event.causation_id)
    kernel = _add_score(kernel, task, payload.worker_id, success=False)
    if not payload.HasField("retry_in_seconds"):
        return _put_task(kernel, task)  # its acknowledgement follows in the same batch
    return _requeue(kernel, task, payload.retry_in_seconds, recorded.recorded_at)


def _on_completed(kernel: Kernel, payload: TaskCompleted, recorded: RecordedEvent) -> Kernel:
    task = kernel.tasks.get(payload.task_id)
    if task is None or task.claim is None or task.attempt != payload.attempt:
        return kernel
    task = replace(task, last_result_id=recorded.event.causation_id)
    return _put_task(_add_score(kernel, task, payload.worker_id, success=True), task)


def _on_quarantined(kernel: Kernel, payload: TaskQuarantined, recorded: RecordedEvent) -> Kernel:
    task = kernel.tasks.get(payload.task_id)
    if task is None or task.quarantined:
        return kernel
    kernel = _release_claim(kernel, task)
    task = replace(task, claim=None, aside=payload.reason)
    return _put_task(replace(kernel, waiting=kernel.ready_queue.set_aside(task)), task)


def _on_acknowledged(kernel: Kernel, payload: TaskAcknowledged, recorded: RecordedEvent) -> Kernel:
    """The end of a task, whatever the step before was; what waited for it goes on or is doomed."""
    task = kernel.tasks.get(payload.task_id)
    if task is None or payload.result == RESULT_QUARANTINED:
        return kernel
    kernel = _release_claim(kernel, task)
    if payload.result != RESULT_COMPLETED:
        kernel = retrying.remember_failed(kernel, task)
    ended = FinishedTask(
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
    oldest = order.get(str(number - MAX_ENDED))
    if oldest is not None:
        if oldest in all_ended:  # it was not tried again
            all_ended = all_ended.delete(oldest)
        order = order.delete(str(number - MAX_ENDED))
    doomed = kernel.to_cancel
    if task.task_id in doomed:
        doomed = doomed.delete(task.task_id)
    kernel = replace(
        kernel,
        tasks=kernel.tasks.delete(task.task_id),
        ended=all_ended,
        ended_order=order,
        ended_count=number + 1,
        to_cancel=doomed,
    )
    kernel = _dependents_after(kernel, task.task_id, payload)
    line = kernel.ready_queue.aside_no_more(task).trim(kernel.tasks, queue_key_of(task))
    return replace(kernel, waiting=line.without_ended(kernel.tasks))


def _dependents_after(kernel: Kernel, task_id: str, payload: TaskAcknowledged) -> Kernel:
    dependents = kernel.ready_queue.dependents.get(task_id)
    if dependents is None:
        return kernel
    index = replace(kernel.ready_queue, dependents=kernel.ready_queue.dependents.delete(task_id))
    tasks, doomed = kernel.tasks, kernel.to_cancel
    for each in sorted(dependents):
        dependent = tasks.get(each)
        if dependent is None:
            continue
        if payload.result == RESULT_COMPLETED:
            dependent = replace(
                dependent, unmet_dependencies=dependent.unmet_dependencies - {task_id}
            )
            tasks = tasks.set(each, dependent)
            index = index.enqueue(dependent)
        else:
            doomed = doomed.set(each, retrying.for_want_of(task_id))
    return replace(kernel, tasks=tasks, to_cancel=doomed, waiting=index)


def _on_rejected(kernel: Kernel, payload: TaskRejected, recorded: RecordedEvent) -> Kernel:
    name = payload.task_id or "a task without an id"
    reasons = tuple(f"{name}: {reason}" for reason in payload.reasons)
    return _remember_refusal(kernel, recorded.event.causation_id, reasons)


def _on_objective_rejected(
    kernel: Kernel, payload: ObjectiveRejected, recorded: RecordedEvent
) -> Kernel:
    return _remember_refusal(kernel, recorded.event.causation_id, tuple(payload.reasons))


def _on_late(kernel: Kernel, payload: ResultArrivedLate, recorded: RecordedEvent) -> Kernel:
    return _remember_refusal(kernel, recorded.event.causation_id, (payload.reason,))


def _remember_refusal(kernel: Kernel, request_id: str, reasons: tuple[str, ...]) -> Kernel:
    refusals, order = kernel.refusals, kernel.refusal_order
    if request_id not in refusals:
        order = (*order, request_id)
    refusals = refusals.set(request_id, (*refusals.get(request_id, ()), *reasons)[:50])
    if len(order) > MAX_REFUSALS:
        refusals = refusals.delete(order[0])
        order = order[1:]
    return replace(kernel, refusals=refusals, refusal_order=order)


def _on_registered(kernel: Kernel, payload: WorkerRegistered, recorded: RecordedEvent) -> Kernel:
    if _is_of_another(kernel, payload.worker_id, recorded):
        return kernel
    worker = RegisteredWorker(
        worker_id=payload.worker_id,
        role=recorded.event.agent_role,
        skills=frozenset(payload.skills),
        max_concurrent_tasks=payload.max_concurrent_tasks or 1,
        host=payload.host[:MAX_NAME_CHARACTERS],
        registered_at=recorded.recorded_at,
        heard_at=recorded.recorded_at,
        actions=frozenset(payload.actions),
        pid=payload.pid,
        session=lives.session_of(recorded.event),
    )
    gone = dismissed.back(kernel.dismissed, worker.worker_id)
    return lives.register(replace(kernel, dismissed=gone), worker)


def _on_heartbeat(kernel: Kernel, payload: WorkerHeartbeat, recorded: RecordedEvent) -> Kernel:
    worker = kernel.workers.get(payload.worker_id)
    if worker is None or _is_of_another(kernel, payload.worker_id, recorded):
        return kernel
    worker = replace(
        worker,
        heard_at=recorded.recorded_at,
        draining=payload.draining,
        rivals=lives.rivals(worker, recorded.event),
    )
    tasks = kernel.tasks
    for task_id in worker.task_ids.intersection(payload.task_ids):
        task = tasks.get(task_id)
        if task is not None and task.claim is not None:
            tasks = tasks.set(task_id, _renew(task, recorded.recorded_at))
    workers = kernel.workers.set(worker.worker_id, worker)
    if worker.worker_id in kernel.dismissed and not worker.draining:
        gone = dismissed.unheard_dismissal(kernel.dismissed, worker.worker_id, recorded.recorded_at)
        kernel = replace(kernel, dismissed=gone)
    return replace(kernel, tasks=tasks, workers=workers)


def _on_command(kernel: Kernel, payload: CommandIssued, recorded: RecordedEvent) -> Kernel:
    sleeps = sleeping.after(kernel.sleeps, payload, recorded)
    if sleeps is not kernel.sleeps:
        kernel = replace(kernel, sleeps=sleeps)
    if payload.target not in kernel.workers:
        return kernel
    return replace(kernel, dismissed=dismissed.after(kernel.dismissed, payload, recorded))


def _on_gone(
    kernel: Kernel, payload: WorkerDeparted | WorkerLost, recorded: RecordedEvent
) -> Kernel:
    """What it held is released at the next tick."""
    worker = kernel.workers.get(payload.worker_id)
    if worker is None:
        return kernel
    if isinstance(payload, WorkerDeparted) and _is_of_another(kernel, payload.worker_id, recorded):
        return kernel
    return lives.remove_worker(kernel, worker, payload, recorded)


def _is_of_another(kernel: Kernel, worker_id: str, recorded: RecordedEvent) -> bool:
    """Whether it is said of a worker by one of another role, who has its name only."""
    worker = kernel.workers.get(worker_id)
    return worker is not None and worker.role != recorded.event.agent_role


def _requeue(kernel: Kernel, task: Task, retry_in_seconds: float, now: datetime) -> Kernel:
    kernel = _release_claim(kernel, task)
    task = replace(
        task,
        claim=None,
        aside=None,
        queue_seq=kernel.next_queue_seq,
        waits_until=now + timedelta(seconds=retry_in_seconds),
    )
    return replace(
        kernel,
        tasks=kernel.tasks.set(task.task_id, task),
        waiting=kernel.ready_queue.aside_no_more(task).enqueue(task),
        next_queue_seq=kernel.next_queue_seq + 1,
    )


def _release_claim(kernel: Kernel, task: Task) -> Kernel:
    """Nobody holds it any more."""
    if task.claim is None:
        return kernel
    workers = kernel.workers
    worker = workers.get(task.claim.worker_id)
    if worker is not None:
        left = replace(worker, task_ids=worker.task_ids - {task.task_id})
        workers = workers.set(worker.worker_id, left)
    claimed = kernel.claimed
    if task.task_id in claimed:
        claimed = claimed.delete(task.task_id)
    return replace(kernel, workers=workers, claimed=claimed)


def _put_task(kernel: Kernel, task: Task) -> Kernel:
    return replace(kernel, tasks=kernel.tasks.set(task.task_id, task))


def _add_score(kernel: Kernel, task: Task, worker_id: str, *, success: bool) -> Kernel:
    before = kernel.record(worker_id, task.manifest.action)
    record = SuccessRecord(
        successes=before.successes + success,
        finished=before.finished + 1,
        last=kernel.ended_count,
    )
    key = record_key(worker_id, task.manifest.action)
    kernel = replace(kernel, records=kernel.records.set(key, record))
    if len(kernel.records) <= 2 * MAX_RECORDS:
        return kernel
    return replace(kernel, records=Map(kernel.latest_records(MAX_RECORDS)))


def _worker_with_task(kernel: Kernel, worker_id: str, task_id: str, now: datetime) -> Any:
    worker = kernel.workers.get(worker_id)
    if worker is None:
        return kernel.workers
    worker = replace(worker, heard_at=now, task_ids=worker.task_ids | {task_id})
    return kernel.workers.set(worker_id, worker)


def _touch_worker(kernel: Kernel, worker_id: str, now: datetime) -> Any:
    worker = kernel.workers.get(worker_id)
    if worker is None:
        return kernel.workers
    return kernel.workers.set(worker_id, replace(worker, heard_at=now))


def _on_ended(
    kernel: Kernel, payload: TaskCancelled | TaskExpired, recorded: RecordedEvent
) -> Kernel:
    """The acknowledgement in the same batch ends it."""
    return kernel


_HANDLERS: Final[dict[type, Callable[[Kernel, Any, RecordedEvent], Kernel]]] = {
    TaskSubmitted: _on_submitted,
    TaskRejected: _on_rejected,
    TaskClaimed: _on_claimed,
    TaskProgressed: _on_progressed,
    TaskReleased: _on_released,
    TaskFailed: _on_failed,
    TaskCompleted: _on_completed,
    TaskCancelled: _on_ended,
    TaskExpired: _on_ended,
    TaskQuarantined: _on_quarantined,
    TaskAcknowledged: _on_acknowledged,
    ResultArrivedLate: _on_late,
    ObjectiveRejected: _on_objective_rejected,
    WorkerRegistered: _on_registered,
    WorkerHeartbeat: _on_heartbeat,
    WorkerDeparted: _on_gone,
    WorkerLost: _on_gone,
    CommandIssued: _on_command,
}
