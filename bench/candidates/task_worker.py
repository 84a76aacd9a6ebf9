"""How fast do agents of the mesh do tasks that are empty? So many workers in one process, each as
`nervous_system.client.worker` has them: claim, then again and again finish one and claim the next.
"""

from __future__ import annotations

import asyncio
import signal

from bench.candidates.order import Order, begin, result
from enchanted.events.v1.swarm_event_pb2 import ROLE_WORKER
from nervous_system.bus import open_bus
from nervous_system.client.claimed_task import ClaimedTask
from nervous_system.client.free_capacity import FreeCapacity
from nervous_system.client.worker import Worker
from nervous_system.clock import stopwatch
from nervous_system.settings import MeshSettings
from simulation.wakeup import Wakeup

IDLE_SECONDS = 0.5


async def run(order: Order) -> None:
    """Work until SIGTERM; then say how long each claim took that gave a task, and when it did."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    settings = MeshSettings(nats_url=order.nats_url)
    claims: list[tuple[float, float]] = []  # from, to
    async with (
        open_bus(settings, name="bench-worker") as bus,
        Wakeup(bus, words=("submitted",)) as bell,
    ):
        free = FreeCapacity()
        workers = [
            Worker(bus, worker_id=f"{order.prefix}-{number}", role=ROLE_WORKER, free_capacity=free)
            for number in range(order.workers)
        ]
        for worker in workers:
            await worker.register()
        begin()
        await asyncio.gather(*(_work(worker, bell, claims, stop) for worker in workers))
        for worker in workers:
            await worker.deregister("the measurement is over")
    result(
        {"claims": [to - since for since, to in claims], "granted": sorted(to for _, to in claims)}
    )


async def _work(
    worker: Worker, bell: Wakeup, claims: list[tuple[float, float]], stop: asyncio.Event
) -> None:
    task: ClaimedTask | None = None
    while not stop.is_set() or task is not None:
        rung, began = bell.rung, stopwatch()
        if task is None:
            task = await worker.claim()
        elif stop.is_set():
            await task.finish()
            return
        else:
            task = await worker.finish_and_claim(task)
        if task is not None:
            claims.append((began, stopwatch()))
        else:
            await bell.wait(rung, within_seconds=IDLE_SECONDS)
