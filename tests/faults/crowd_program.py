"""Many workers in one process, each with a connection of its own.

`crowd_program.py URL FIRST COUNT`: `crowd-<first>` and so many more.

It says on standard output when all of them know what they were told.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack

from nervous_system.client.claimed_task import ClaimedTask
from nervous_system.client.serving import serve
from nervous_system.client.worker import Worker, open_worker
from nervous_system.host.process import main
from nervous_system.settings import MeshSettings

AT_ONCE = 20


async def run(stop: asyncio.Event) -> None:
    url, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    settings = MeshSettings(nats_url=url, publish_deadline_seconds=60.0)
    places = asyncio.Semaphore(AT_ONCE)
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as serving:

        async def begin(number: int) -> None:
            async with places:
                opening = open_worker(url, worker_id=f"crowd-{number}", settings=settings)
                worker = await stack.enter_async_context(opening)
                await worker.command_listener.wait_until_informed()
            serving.create_task(_serve(worker, stop))

        async with asyncio.TaskGroup() as opening:
            for number in range(first, first + count):
                opening.create_task(begin(number))
        print("all are there", flush=True)


async def _serve(worker: Worker, stop: asyncio.Event) -> None:
    await serve(worker, _do, stop)


async def _do(task: ClaimedTask) -> None:
    await task.finish(output="done")


if __name__ == "__main__":
    sys.exit(main(run))
