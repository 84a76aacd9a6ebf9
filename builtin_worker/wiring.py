"""What is the built-in worker made of? Everything is built here and taken down here."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

from builtin_worker.action import Action, ActionContext, ActionRequest
from builtin_worker.actions import ACTIONS
from builtin_worker.clickhouse import ClickHouse
from builtin_worker.settings import WorkerSettings
from enchanted.events.v1.swarm_event_pb2 import ROLE_WORKER
from nervous_system.client.agent import Agent
from nervous_system.client.attempt import Do, Table
from nervous_system.client.claimed_task import ClaimedTask
from nervous_system.client.serving import serve
from nervous_system.client.worker import Worker
from nervous_system.clock import system_clock
from nervous_system.environment import read_settings
from nervous_system.service.service_context import open_service
from nervous_system.settings import MeshSettings
from nervous_system.users import user_of_service

SERVICE: Final = "worker"
MAX_SILENT_SECONDS: Final = 60.0
"""A question to the overseer may take its whole deadline; longer than that is stuck."""


async def run(stop: asyncio.Event) -> None:
    """Do tasks until `stop` is set, or until it is told to go. Raises what a person must mend."""
    mesh, settings = read_settings(MeshSettings), read_settings(WorkerSettings)
    async with AsyncExitStack() as stack:
        member = await stack.enter_async_context(
            open_service(mesh, service=SERVICE, stop=stop, name=settings.id)
        )
        if member is None:
            return
        bus, seen = member.bus, member.telemetry
        worker = Worker(
            bus,
            worker_id=settings.id,
            role=ROLE_WORKER,
            skills=settings.offered,
            actions=tuple(ACTIONS),
            max_concurrent_tasks=settings.max_concurrent_tasks,
        )
        progress = seen.health.progress("look", maximum_silence_seconds=MAX_SILENT_SECONDS)
        seen.health.work("orders", partial(may_do, worker), grace_seconds=0.0)
        seen.health.fact("worker_id", lambda: worker.worker_id)
        seen.health.fact("tasks", lambda: worker.busy)
        place = ActionContext(
            home=mesh.home,
            bus=bus,
            agent=Agent(bus, role=ROLE_WORKER, agent_id=settings.id),
            clickhouse=ClickHouse(mesh.clickhouse_dsn),
            clock=system_clock,
            workspace=settings.workspace,
            workspace_name=mesh.workspace,
        )
        stack.enter_context(worker.with_deputy(mesh, user_of_service(SERVICE)))
        async with worker.running():
            await serve(
                worker,
                doing(place),
                stop,
                progress=progress.mark,
                work=seen.health.work("claiming"),
            )


def may_do(worker: Worker) -> tuple[str, str]:
    """What it was told that keeps it from doing anything, and what helps; empty where nothing."""
    orders = worker.orders
    if not orders.begun or orders.max_tasks(worker.max_concurrent_tasks) > 0:
        return "", ""
    if orders.stopping.is_set() or orders.draining.is_set():
        return "it was told to go, and takes nothing new", "whoever runs it starts it again"
    why = orders.asleep or "it was told to hold no task"
    return f"it may do nothing: {why}", "it ends by itself; sooner when who told it says so"


def doing(place: ActionContext) -> Table:
    """What does tasks, by the actions there are."""
    return {name: _doing(action, place) for name, action in ACTIONS.items()}


def _doing(action: Action, place: ActionContext) -> Do:

    async def do(task: ClaimedTask) -> None:
        job = ActionRequest(
            task_id=task.task_id,
            action=task.action,
            payload=task.arguments,
            attempt=task.attempt,
            idempotency_key=task.idempotency_key,
        )
        done = await action(job, place, task.progress)
        await task.finish(output=done.output, changed_files=done.changed_files, notes=done.notes)

    return do
