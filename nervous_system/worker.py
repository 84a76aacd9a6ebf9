"""How does an agent do tasks? It offers itself, asks for work, and says how it went.

    async with open_worker("nats://127.0.0.1:4222", worker_id="w-1", skills=["python"]) as worker:
        task = await worker.claim()
        if task is not None:
            await task.progress(0.5, "half of it")
            await task.finish(output="done", changed_files=["a.py"])
            worker.let_go(task)

Or leave the loop to `serving.serve`. Leases, retries, commands and traces are done here.
"""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog

from enchanted.events.v1.swarm_event_pb2 import AgentRole
from enchanted.events.v1.task_request_pb2 import ClaimRequested
from enchanted.events.v1.worker_pb2 import WorkerDeparted, WorkerHeartbeat, WorkerRegistered
from nervous_system.agent import role_named
from nervous_system.asker import Asker
from nervous_system.bus import Bus, open_bus
from nervous_system.clock import Clock, system_clock
from nervous_system.errors import GanglionError
from nervous_system.event import Event
from nervous_system.held_task import HeldTask
from nervous_system.ids import new_event_id
from nervous_system.orders import Orders
from nervous_system.payload import Payload
from nervous_system.settings import MeshSettings
from nervous_system.tracing import Tracer

_log = structlog.get_logger()

OVERSEER: Final = "overseer"
HEARTBEAT_SECONDS: Final = 30.0


class Worker:
    """One that does tasks. Open it with `open_worker`; use it from one event loop."""

    def __init__(
        self,
        bus: Bus,
        *,
        worker_id: str,
        role: AgentRole.ValueType,
        skills: Sequence[str] = (),
        max_concurrent_tasks: int = 1,
        clock: Clock = system_clock,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self.bus = bus
        self.worker_id = worker_id
        self.orders = Orders(bus, target=worker_id, role=role, clock=clock)
        self._role = role
        self._skills = tuple(skills)
        self._most = max_concurrent_tasks
        self._clock = clock
        self.heartbeat_seconds = heartbeat_seconds
        self._asker = Asker(bus, service=OVERSEER, role=role, agent_id=worker_id, clock=clock)
        self._held: dict[str, HeldTask] = {}

    @property
    def busy(self) -> int:
        """How many tasks it holds."""
        return len(self._held)

    async def register(self) -> None:
        """Offer itself; returns after the log has it."""
        await self._publish(
            WorkerRegistered(
                worker_id=self.worker_id,
                skills=self._skills,
                max_concurrent_tasks=self._most,
                host=socket.gethostname(),
                pid=os.getpid(),
                heartbeat_seconds=self.heartbeat_seconds,
            )
        )

    async def depart(self, reason: str) -> None:
        """Say that it goes; what it still holds is given to others."""
        await self._publish(WorkerDeparted(worker_id=self.worker_id, reason=reason))

    async def claim(self) -> HeldTask | None:
        """The best task there is for it, or None. Raises NotAcknowledged when no overseer answers.

        A retry after a lost answer is answered the same, so no task is held without being known.
        """
        if self.orders.most_tasks(self._most) <= len(self._held):
            return None
        request = ClaimRequested(worker_id=self.worker_id, skills=self._skills)
        answer = await self._asker.ask(request)
        if answer.register_first:
            await self.register()  # it was silent for too long, or the overseer has yet to read it
        if not answer.HasField("grant"):
            return None
        task = HeldTask(answer.grant, self.worker_id, self._asker)
        self._held[task.task_id] = task
        return task

    def let_go(self, task: HeldTask) -> None:
        """It is not held any more: its lease is not kept, and another can be claimed."""
        self._held.pop(task.task_id, None)

    async def heartbeat(self) -> None:
        """Say that it lives, and which leases it keeps."""
        await self._publish(
            WorkerHeartbeat(
                worker_id=self.worker_id,
                task_ids=sorted(self._held),
                draining=self.orders.draining.is_set() or self.orders.stopping.is_set(),
            )
        )

    async def _publish(self, payload: Payload) -> None:
        await self.bus.publish(
            Event(
                event_id=new_event_id(),
                timestamp=self._clock(),
                agent_role=self._role,
                agent_id=self.worker_id,
                payload=payload,
            )
        )


@asynccontextmanager
async def open_worker(
    url: str,
    *,
    worker_id: str,
    role: str = "worker",
    skills: Sequence[str] = (),
    max_concurrent_tasks: int = 1,
    settings: MeshSettings | None = None,
    tracer: Tracer | None = None,
) -> AsyncIterator[Worker]:
    """A worker on the mesh at `url`, registered; it departs at the end of the block.

    Raises Unavailable when nobody answers, Forbidden when the credentials are not valid.
    """
    settings = (settings or MeshSettings()).model_copy(update={"nats_url": url})
    own = tracer or Tracer.start(service_name=worker_id, endpoint=settings.otlp_endpoint)
    try:
        async with open_bus(settings, name=worker_id, tracer=own) as bus:
            worker = Worker(
                bus,
                worker_id=worker_id,
                role=role_named(role),
                skills=skills,
                max_concurrent_tasks=max_concurrent_tasks,
            )
            await worker.register()
            try:
                yield worker
            finally:
                with suppress(GanglionError):  # it will be missed soon enough
                    await worker.depart("it stopped in good order")
    finally:
        if tracer is None:
            await own.close()
