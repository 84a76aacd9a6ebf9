"""How does a client give the mesh empty tasks, and learn that they are done? It asks the overseer
for each, so many at once, and when all are submitted it reads the acknowledgements from the log:
what it reads is on disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from bench.candidates.order import Order, result
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from enchanted.events.v1.task_pb2 import TaskManifest
from enchanted.events.v1.task_request_pb2 import TasksProposed
from nervous_system import names
from nervous_system.bus import Bus, open_bus
from nervous_system.client.request_client import RequestClient
from nervous_system.clock import stopwatch
from nervous_system.settings import MeshSettings
from nervous_system.transport.reader import Reader

ACKNOWLEDGED = f"{names.EVENTS}.task.acknowledged.*"
AT_ONCE = 400
DONE_SECONDS = 100.0


async def run(order: Order) -> None:
    """Submit `order.count` tasks and wait for as many ends; or only submit; or one by one."""
    async with open_bus(MeshSettings(nats_url=order.nats_url), name="bench-client") as bus:
        asker = RequestClient(bus, service=names.OVERSEER, role=ROLE_OPERATOR, agent_id="bench")
        ids = [f"{order.prefix}-{number}" for number in range(order.count)]
        if order.what == "fill":
            for first in range(0, len(ids), AT_ONCE):
                await _propose(asker, ids[first : first + AT_ONCE])
            result({})
            return
        if order.what == "latency":
            result({"submitted": await _one_by_one(bus, asker, ids)})
            return
        warm_up = [f"{task_id}-warm" for task_id in ids[: 2 * order.workers]]
        await _at_once(bus, asker, warm_up, order.workers)
        result(await _at_once(bus, asker, ids, order.workers))


async def _at_once(
    bus: Bus, asker: RequestClient, ids: list[str], submitters: int
) -> dict[str, object]:
    last = (await bus.stream.state()).last_sequence
    began = stopwatch()
    waiting = iter(ids)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(submitters):
            tasks.create_task(_submit(asker, waiting))
    async with asyncio.timeout(DONE_SECONDS), _ends(bus, last) as ends:
        done, ended = await _count(ends, len(ids))
    return {"done": done, "seconds": ended - began}


async def _one_by_one(bus: Bus, asker: RequestClient, ids: list[str]) -> list[float]:
    submitted = []
    async with _ends(bus, (await bus.stream.state()).last_sequence) as ends:
        for task_id in ids:
            submitted.append(stopwatch())
            await _propose(asker, [task_id])
            await _count(ends, 1)
    return submitted


def _ends(bus: Bus, behind: int) -> Reader:
    return bus.reader(start_sequence=behind + 1, subjects=[ACKNOWLEDGED])


async def _submit(asker: RequestClient, waiting: Iterator[str]) -> None:
    for task_id in waiting:
        await _propose(asker, [task_id])


async def _propose(asker: RequestClient, ids: list[str]) -> None:
    answer = await asker.ask(
        TasksProposed(tasks=[TaskManifest(task_id=each, action="nothing") for each in ids])
    )
    if not answer.accepted:
        raise ValueError(f"not accepted: {'; '.join(answer.reasons)}")


async def _count(ends: Reader, count: int) -> tuple[int, float]:
    """How many ends were read, at least `count`, and when."""
    seen = 0
    while seen < count:
        seen += len(await ends.batch(max_messages=1000, within_seconds=DONE_SECONDS))
    return seen, stopwatch()
