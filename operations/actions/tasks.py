"""How is one task added?"""

from __future__ import annotations

from local_mesh.addresses import client_settings
from nervous_system.client.proposing import TaskFields, request_id, task
from nervous_system.ids import new_event_id
from operations.actions.overseer_client import ask_overseer, operator
from operations.log_session import bus_session
from operations.queries.meant import known_tasks
from operations.queries.overseer_projection import OverseerProjection


async def add_task(step: TaskFields) -> tuple[str, str]:
    """The id of the task, once the log has it; and why it is not being done, empty where it is."""
    step["after"] = await known_tasks(step.get("after", ()))
    task_id = step.get("id") or f"task-{new_event_id()[:8]}"
    proposal = task(step, task_id=task_id, owner=operator())
    await ask_overseer(proposal, event_id=request_id(proposal, agent_id=operator()))
    async with bus_session(client_settings()) as bus:
        overseen = await OverseerProjection.of(bus)
        return task_id, overseen.standstill(bus.clock()).of_task(task_id)
