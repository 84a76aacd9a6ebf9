"""Who is there to do tasks, what does each do now, and why do some take nothing? Folded from the
log."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from local_mesh.addresses import client_settings
from nervous_system.bus import Bus
from nervous_system.contract.subjects import source_of
from operations.log_session import bus_session
from operations.queries.overseer_projection import OverseerProjection
from overseer.kernel.registered_worker import RegisteredWorker
from overseer.kernel.sleeping import Asleep
from overseer.kernel.state import Kernel


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOfWorker:
    """What it does now."""

    task_id: str
    action: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWorker:
    """A worker that registered and has not left."""

    worker_id: str
    role: str
    host: str
    pid: int
    skills: tuple[str, ...]
    actions: tuple[str, ...]  # all it does; empty: it does not say
    max_concurrent_tasks: int
    status: str  # busy, idle, asleep, draining
    why: str  # why it takes nothing; empty where it would
    tasks: tuple[TaskOfWorker, ...]
    registered_at: datetime
    heard_at: datetime

    def document(self) -> dict[str, Any]:
        """Its JSON; times in UTC."""
        found = asdict(self)
        return {
            key: value.isoformat() if isinstance(value, datetime) else value
            for key, value in found.items()
        }


async def known_workers(bus: Bus) -> list[KnownWorker]:
    """In the order of their ids. Raises as `OverseerProjection.of`."""
    return workers_of(await OverseerProjection.of(bus), bus.clock())


def workers_of(overseen: OverseerProjection, now: datetime) -> list[KnownWorker]:
    """As `known_workers`, at one position."""
    kernel = overseen.state.kernel
    asleep = Asleep(kernel.sleeps, now)
    found = []
    for worker in sorted(kernel.workers.values(), key=lambda each: each.worker_id):
        tasks = [kernel.tasks[each] for each in sorted(worker.task_ids) if each in kernel.tasks]
        status, why = "busy" if tasks else "idle", ""
        if sleeps := asleep.reason(worker.worker_id):
            status, why = "asleep", f"told to do nothing: {sleeps}"
        if goes := _why_draining(kernel, worker):
            status, why = "draining", goes
        found.append(
            KnownWorker(
                worker_id=worker.worker_id,
                role=source_of(worker.role),
                host=worker.host,
                pid=worker.pid,
                skills=tuple(sorted(worker.skills)),
                actions=tuple(sorted(worker.actions)),
                max_concurrent_tasks=worker.max_concurrent_tasks,
                status=status,
                why=why,
                tasks=tuple(
                    TaskOfWorker(
                        task_id=each.task_id, action=each.manifest.action, attempt=each.attempt
                    )
                    for each in tasks
                ),
                registered_at=worker.registered_at,
                heard_at=worker.heard_at,
            )
        )
    return found


def _why_draining(kernel: Kernel, worker: RegisteredWorker) -> str:
    """Why it takes nothing new; empty where it does. It may go of itself."""
    told = kernel.dismissed.get(worker.worker_id)
    if told is not None:
        return f"told to go: {told.reason}"
    return "it is being stopped where it runs" if worker.draining else ""


async def every_worker() -> list[KnownWorker]:
    """As `known_workers`, of the mesh that is meant."""
    async with bus_session(client_settings()) as bus:
        return await known_workers(bus)
