"""How does the mesh hand out tasks? A nats-server and an overseer as `ganglion up` starts them, the
workers in one process, the client in another.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Final

from bench.candidates.order import BEGIN, Order
from bench.child import Child, python, started
from bench.environment import Laboratory
from bench.task_queue import Cycles
from local_mesh.batch_staging import BatchStaging
from local_mesh.default_files import write_default_files
from local_mesh.home import Home
from local_mesh.key_files import ensure_mesh_key
from nervous_system.ids import new_event_id

NATS: Final = "nats-tasks"
_RUN_SECONDS: Final = 120.0
_START_SECONDS: Final = 60.0


class MeshQueue:
    """Ours."""

    name = "Ganglion"
    settings = "NATS, sync_interval always"
    guarantees = "run at least once, its end recorded exactly once, every step on the log"
    missing = ""

    def __init__(self, laboratory: Laboratory) -> None:
        self._laboratory = laboratory
        self._home = laboratory.folder / "tasks-home"
        self._url = ""

    async def cycles(self, workers: int, count: int) -> Cycles:
        order = await self._order(workers=workers, count=count)
        async with self._workers(order) as child:
            found = await self._client(order)
            child.terminate()
            told = await child.answer(within_seconds=_RUN_SECONDS)
        return Cycles(
            per_second=found["done"] / found["seconds"], claims_seconds=sorted(told["claims"])
        )

    async def pickups(self, count: int) -> list[float]:
        order = await self._order(count=count, what="latency")
        async with self._workers(order) as child:
            submitted = (await self._client(order))["submitted"]
            child.terminate()
            granted = (await child.answer(within_seconds=_RUN_SECONDS))["granted"]
        return sorted(got - asked for got, asked in zip(granted, submitted, strict=True))

    async def fill(self, count: int) -> None:
        await self._client(await self._order(count=count, what="fill"))

    async def _order(self, *, workers: int = 1, count: int, what: str = "rate") -> Order:
        if not self._url:
            self._url = await self._laboratory.nats(NATS)
            await self._laboratory.enter(self._overseer())
        prefix = new_event_id()[:8]
        return Order(nats_url=self._url, workers=workers, count=count, what=what, prefix=prefix)

    @asynccontextmanager
    async def _overseer(self) -> AsyncIterator[None]:
        self._home.mkdir()
        write_default_files(Home.at(self._home))
        ensure_mesh_key(self._home)  # as `ganglion up` does: what is said is vouched for
        environment = {
            "NATS_URL": self._url,
            "GANGLION_HOME": str(self._home),
            "GANGLION_OVERSEER_MAINTENANCE_SECONDS": "0",
        }
        staging = BatchStaging(self._laboratory.nats_store(NATS))
        async with started(
            "overseer", python("overseer"), folder=self._home, environment=environment
        ) as child:
            await child.line_with('"leadership.taken"', within_seconds=_START_SECONDS)
            staging.look()
            keeping = asyncio.create_task(staging.keep(), name="batch staging")
            try:
                yield
            finally:
                keeping.cancel()
                with suppress(asyncio.CancelledError):
                    await keeping
                staging.remove()

    @asynccontextmanager
    async def _workers(self, order: Order) -> AsyncIterator[Child]:
        argv = python("bench.candidates", "task_worker", order.argument())
        async with self._start_child("workers", argv) as child:
            await child.line_with(BEGIN, within_seconds=_START_SECONDS)
            yield child

    async def _client(self, order: Order) -> dict[str, Any]:
        argv = python("bench.candidates", "task_client", order.argument())
        async with self._start_child("client", argv) as child:
            return await child.answer(within_seconds=_RUN_SECONDS)

    def _start_child(self, name: str, argv: tuple[str, ...]) -> AbstractAsyncContextManager[Child]:
        environment = {"GANGLION_HOME": str(self._home)}
        return started(name, argv, folder=self._laboratory.folder, environment=environment)
