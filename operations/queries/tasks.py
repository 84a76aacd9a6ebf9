"""How do the tasks stand, and what became of one?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from enchanted.events.v1.swarm_event_pb2 import ROLE_OVERSEER
from enchanted.events.v1.task_pb2 import TaskResult
from local_mesh.addresses import client_settings
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.subjects import token
from nervous_system.contract.words import word
from nervous_system.errors import BadSetting
from nervous_system.names import EVENTS
from operations.log_session import bus_session, said_by
from operations.queries.meant import objective_among, task_among
from operations.queries.overseer_projection import OverseerProjection, overseer_state
from overseer.kernel.task import FinishedTask, Task
from overseer.standstill import Standstill


async def is_offered(skill: str) -> bool:
    """Whether some worker that is there has this skill."""
    async with bus_session(client_settings()) as bus:
        workers = (await overseer_state(bus)).kernel.workers
    return any(skill in worker.skills for worker in workers.values())


async def life_of_task(typed: str) -> tuple[str, list[RecordedEvent], str]:
    """The id of a task, all its steps, and why it is not being done; empty where it is, or was.

    Raises BadSetting where the log has none.
    """
    async with bus_session(client_settings()) as bus:
        overseen = await OverseerProjection.of(bus)

        async def steps_of(task_id: str) -> list[RecordedEvent]:
            late = f"{EVENTS}.overseer.result_arrived_late.{token(task_id)}"
            return await said_by(ROLE_OVERSEER, bus, f"{EVENTS}.task.*.{token(task_id)}", late)

        task_id = typed
        steps = await steps_of(task_id)
        if not steps:
            task_id = task_among(overseen.state, typed)
            steps = await steps_of(task_id)
        if not steps:
            raise BadSetting(f"the log has no task {typed}; `ganglion tasks` lists those it has")
        return task_id, steps, overseen.standstill(bus.clock()).of_task(task_id)


async def task_rows(
    objective: str | None, max_ended: int
) -> tuple[list[dict[str, Any]], list[str]]:
    """Open tasks in the order of their ids, then the last that ended, the newest first; and the ids
    of all that are known."""
    async with bus_session(client_settings()) as bus:
        overseen, now = await OverseerProjection.of(bus), bus.clock()
    if objective is not None:
        objective = objective_among(overseen.state, objective)
    kernel, standstill = overseen.state.kernel, overseen.standstill(now)
    rows = [
        open_row(task, standstill, now)
        for task in sorted(kernel.tasks.values(), key=lambda each: each.task_id)
        if objective in (None, task.manifest.objective_id)
    ]
    wanted = [each for each in kernel.ended.items() if objective in (None, each[1].objective_id)]
    over = sorted(wanted, key=lambda each: each[1].ended_at, reverse=True)
    rows += [ended_row(task_id, each) for task_id, each in over[:max_ended]]
    return rows, [*kernel.tasks, *kernel.ended]


def open_row(task: Task, standstill: Standstill, now: datetime) -> dict[str, Any]:
    """A task that has not ended, as JSON has it."""
    return {
        "task_id": task.task_id,
        "objective_id": task.manifest.objective_id,
        "action": task.manifest.action,
        "priority": task.manifest.priority,
        "status": task.status(now),
        "worker_id": task.claim.worker_id if task.claim is not None else "",
        "attempts": task.attempt,
        "submitted_at": task.submitted_at.isoformat(),
        "waits": standstill.of_task(task.task_id),
        "held_by": standstill.holding(task.task_id)[0],
    }


def ended_row(task_id: str, ended: FinishedTask) -> dict[str, Any]:
    """A task that has ended, as JSON has it."""
    return {
        "task_id": task_id,
        "objective_id": ended.objective_id,
        "action": ended.action,
        "status": ended_status(ended),
        "worker_id": ended.worker_id,
        "attempts": ended.attempts,
        "ended_at": ended.ended_at.isoformat(),
        "tool_efficacy_score": ended.tool_efficacy_score,
    }


def ended_status(ended: FinishedTask) -> str:
    """How it ended, in a word."""
    return word(TaskResult, ended.result)
