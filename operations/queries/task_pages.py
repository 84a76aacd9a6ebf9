"""Which tasks are on this page, and how does one of them stand?"""

from __future__ import annotations

from heapq import nsmallest
from typing import Any

from enchanted.events.v1.swarm_event_pb2 import ROLE_OVERSEER
from nervous_system.bus import Bus
from nervous_system.contract.subjects import token
from nervous_system.errors import NoSuch, NotDone
from nervous_system.names import EVENTS
from operations.descriptions.table import describe
from operations.log_session import said_by
from operations.queries.counts import task_state
from operations.queries.event_json import event_document
from operations.queries.live_swarm import Now
from operations.queries.tasks import ended_row, ended_status, open_row


def page_of_tasks(
    now: Now, *, status: str | None, objective: str | None, after: str, limit: int
) -> tuple[list[dict[str, Any]], str]:
    """So many rows behind the id `after`, in the order of ids; and the last of them, empty if there
    are no more."""
    kernel = now.state.kernel
    ids = [
        task_id
        for task_id, task in kernel.tasks.items()
        if task_id > after
        and objective in (None, task.manifest.objective_id)
        and status in (None, task_state(task.status(now.at)))
    ]
    ids += [
        task_id
        for task_id, ended in kernel.ended.items()
        if task_id > after
        and objective in (None, ended.objective_id)
        and status in (None, ended_status(ended))
    ]
    page = nsmallest(limit + 1, set(ids))
    standstill = now.standstill
    rows = [
        open_row(kernel.tasks[each], standstill, now.at)
        if each in kernel.tasks
        else ended_row(each, kernel.ended[each])
        for each in page[:limit]
    ]
    return rows, page[limit - 1] if len(page) > limit else ""


def require_task(now: Now, task_id: str) -> None:
    """Raises NoSuch if it is not known any more."""
    kernel = now.state.kernel
    if not any(task_id in each for each in (kernel.tasks, kernel.ended, kernel.failed)):
        raise NoSuch(f"no task {task_id} is open, and none of the last that ended")


def known_task_row(now: Now, task_id: str, *, event_id: str = "") -> dict[str, Any]:
    """How it stands. Raises NoSuch; NotDone if another request than `event_id` brought it."""
    kernel = now.state.kernel
    task, ended = kernel.tasks.get(task_id), kernel.ended.get(task_id)
    if task is None and ended is None:
        if event_id:
            raise NotDone("the same request was made before, for something else")
        raise NoSuch(f"no task {task_id} is open, and none of the last that ended")
    brought_by = task.request_id if task is not None else ended.request_id if ended else ""
    if event_id and brought_by != event_id:
        raise NotDone(f"there was a task {task_id} already")
    if task is not None:
        return open_row(task, now.standstill, now.at)
    assert ended is not None
    return ended_row(task_id, ended)


async def steps_of_task(bus: Bus, task_id: str) -> list[dict[str, Any]]:
    """What the overseer said of it, the first first, each with a sentence."""
    late = f"{EVENTS}.overseer.result_arrived_late.{token(task_id)}"
    steps = await said_by(ROLE_OVERSEER, bus, f"{EVENTS}.task.*.{token(task_id)}", late)
    return [{**event_document(each), "sentence": describe(each.event.payload)} for each in steps]
