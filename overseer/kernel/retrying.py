"""How does a task that has failed, or was set aside, get another try?

As the same task, by its next attempt: its failures and losses count from zero, its time to live
begins anew, and it may be given another payload. What was cancelled because it was not completed
comes back with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from enchanted.events.v1.task_pb2 import RESULT_COMPLETED, TaskReleased
from enchanted.events.v1.task_request_pb2 import TaskOrdered
from nervous_system.json_object import json_object
from nervous_system.service.decision import Emit
from nervous_system.service.fast_replace import replace
from nervous_system.service.persistent import PersistentMap
from overseer.kernel.state import Kernel
from overseer.kernel.task import FinishedTask, Task

MAX_FAILED: Final = 1_000
MAX_FAILED_CHARACTERS: Final = 16_000_000
"""Of tasks that ended otherwise than completed, so many of the last can be tried again: in number,
and in characters of all their payloads."""


def for_want_of(task_id: str) -> str:
    """Why a task is cancelled that depends on this one."""
    return f"it depends on {task_id}, which was not completed"


def remember_failed(kernel: Kernel, task: Task) -> Kernel:
    """With a task that has just ended, and was not completed."""
    why = kernel.to_cancel.get(task.task_id, "")
    wanted = why in {for_want_of(each) for each in task.manifest.depends_on}
    kept = replace(task, claim=None, for_want=wanted)
    failed, order = kernel.failed.set(task.task_id, kept), kernel.failed_order
    order = (*order, (task.task_id, len(task.manifest.payload_json)))
    characters = sum(each for _, each in order)
    while len(order) > MAX_FAILED or characters > MAX_FAILED_CHARACTERS:
        (oldest, its), order = order[0], order[1:]
        characters -= its
        failed = failed.delete(oldest)
    return replace(kernel, failed=failed, failed_order=order)


def bring_back(kernel: Kernel, payload: TaskReleased, now: datetime) -> Kernel:
    """With a task that waits again after it had ended; nothing where nobody remembers it."""
    task = kernel.failed.get(payload.task_id)
    if task is None or payload.task_id in kernel.tasks:
        return kernel
    task = replace(
        with_payload(task, payload),
        submitted_at=now,
        queue_seq=kernel.next_queue_seq,
        waits_until=now,
        unmet_dependencies=frozenset(_unmet(kernel.ended, task)),
        failures=0,
        lost_attempts=0,
        aside=None,
        for_want=False,
    )
    ended = kernel.ended
    return replace(
        kernel,
        tasks=kernel.tasks.set(task.task_id, task),
        ended=ended.delete(task.task_id) if task.task_id in ended else ended,
        failed=kernel.failed.delete(task.task_id),
        failed_order=tuple(each for each in kernel.failed_order if each[0] != task.task_id),
        waiting=kernel.ready_queue.add(task).enqueue(task),
        next_queue_seq=kernel.next_queue_seq + 1,
    )


def with_payload(task: Task, payload: TaskReleased) -> Task:
    """With the payload that it is done with from now on, where that is another."""
    if not payload.HasField("payload_json"):
        return task
    return replace(task, manifest=replace(task.manifest, payload_json=payload.payload_json))


def on_retry(kernel: Kernel, order: TaskOrdered) -> tuple[Emit, ...]:
    """A task that was set aside, or has failed, waits again, and so does what was cancelled for
    want of it."""
    task = kernel.tasks.get(order.task_id)
    if objection(kernel, order) or (task is not None and not task.quarantined):
        return ()
    reason = order.reason or "it may be tried again"
    if task is not None:
        return (_submit_again(task, reason, order, ended=False),)
    failed = kernel.failed[order.task_id]
    others = _with_it(kernel, failed)
    back = f"it depends on {order.task_id}, which is tried again"
    return (
        _submit_again(failed, reason, order, ended=True),
        *(_submit_again(each, back, None, ended=True) for each in others),
    )


def objection(kernel: Kernel, order: TaskOrdered) -> str:
    """Why it cannot be tried again; empty where it can be, or is about to."""
    task_id = order.task_id
    if order.HasField("payload_json"):
        try:
            json_object(order.payload_json)
        except ValueError as error:
            return f"the payload {error}"
    task, ended = kernel.tasks.get(task_id), kernel.ended.get(task_id)
    if task is not None:
        new = order.HasField("payload_json") and order.payload_json != task.manifest.payload_json
        under_way = f"{task_id} is under way with another payload: cancel it first"
        return under_way if new and not task.quarantined else ""
    if ended is None and task_id not in kernel.failed:
        return f"there is no task {task_id}"
    if ended is not None and ended.result == RESULT_COMPLETED:
        return f"{task_id} has ended already: completed"
    if task_id not in kernel.failed:
        return f"{task_id} ended too long ago to be tried again: propose it anew"
    unmet = _unmet(kernel.ended, kernel.failed[task_id])
    lost = next((each for each in unmet if each not in kernel.tasks), "")
    return f"{for_want_of(lost)}: try that again" if lost else ""


def _submit_again(task: Task, reason: str, order: TaskOrdered | None, *, ended: bool) -> Emit:
    released = TaskReleased(
        task_id=task.task_id, attempt=task.attempt, reason=reason, given_back=True, again=ended
    )
    if order is not None and order.HasField("payload_json"):
        released.payload_json = order.payload_json
    return Emit(label=f"released {task.task_id}", payload=released)


def _with_it(kernel: Kernel, first: Task) -> list[Task]:
    """What was cancelled for want of a task, or of what comes back with it, in the order in which
    they were submitted, and whose other dependencies can be met."""
    back = {first.task_id: first}
    wanting = sorted(
        (each for each in kernel.failed.values() if each.for_want), key=lambda each: each.queue_seq
    )
    found = True
    while found:
        found = False
        for task in wanting:
            if task.task_id not in back and _can_be_met(kernel, task, back):
                back[task.task_id] = task
                found = True
    return [task for task in back.values() if task is not first]


def _can_be_met(kernel: Kernel, task: Task, back: Mapping[str, Task]) -> bool:
    lost = set(_unmet(kernel.ended, task))
    return not lost.isdisjoint(back) and all(each in back or each in kernel.tasks for each in lost)


def _unmet(ended: PersistentMap[str, FinishedTask], task: Task) -> Iterable[str]:
    """Of its dependencies, those that were not completed."""
    for each in task.manifest.depends_on:
        before = ended.get(each)
        if before is None or before.result != RESULT_COMPLETED:
            yield each
