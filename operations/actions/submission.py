"""How is a task brought to a running mesh by a program that stays?"""

from __future__ import annotations

from nervous_system.bus import Bus
from nervous_system.client.proposing import TaskFields, task
from nervous_system.errors import NotDone, Rejected
from nervous_system.ids import child_id, content_hash
from operations.actions.overseer_client import ask_as


async def submit_task(bus: Bus, step: TaskFields, *, person: str, event_id: str) -> str:
    """The id of the task, once the overseer has taken it. Asked again under the same `event_id`, it
    is the same one. Raises InvalidEvent, Rejected, NotAcknowledged; NotDone if something else was
    asked under it before."""
    unnamed = task(step, task_id=step.get("id", event_id), owner=person)
    # Another task under the same id of a request is another one, and is not found afterwards.
    content = content_hash(unnamed.SerializeToString(deterministic=True))
    task_id = step.get("id") or f"task-{child_id(event_id, content)[:13]}"
    proposal = task(step, task_id=task_id, owner=person)
    try:
        await ask_as(person, bus, proposal, event_id=event_id)
    except Rejected as error:
        if error.reasons:
            raise
        raise NotDone("the same request was made before, for something else") from error
    return task_id
