"""How is a task brought to a running mesh by a program that stays?"""

from __future__ import annotations

from nervous_system.bus import Bus
from nervous_system.client.proposing import TaskFields, task
from operations.actions.overseer_client import ask_once, id_of_request


async def submit_task(bus: Bus, step: TaskFields, *, person: str, event_id: str) -> str:
    """The id of the task, once the overseer has taken it. Asked again under the same `event_id`, it
    is the same one. Raises InvalidEvent, Rejected, NotAcknowledged; NotDone if something else was
    asked under it before."""
    unnamed = task(step, task_id=step.get("id", event_id), owner=person)
    task_id = step.get("id") or id_of_request("task", unnamed, event_id=event_id)
    await ask_once(person, bus, task(step, task_id=task_id, owner=person), event_id=event_id)
    return task_id
