"""A worker that dies of its tasks: `dying_worker.py URL WORKER_ID`, two of them at once.

The action of a task is what it does; it says on standard output what it has begun.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys

from nervous_system.client.claimed_task import ClaimedTask
from nervous_system.client.serving import serve
from nervous_system.client.worker import open_worker
from nervous_system.settings import MeshSettings


async def waits(task: ClaimedTask) -> None:
    """Until somebody kills it."""
    print(f"{os.getpid()} has begun", flush=True)
    await asyncio.sleep(3600)


async def forks(task: ClaimedTask) -> None:
    """And waits; what it has forked has all open that it has, and outlives it."""
    if child := os.fork():
        print(f"{child} was forked", flush=True)
        await waits(task)
    signal.pause()


async def becomes_another(task: ClaimedTask) -> None:
    """Program, under its process id."""
    other = "import signal; print('0 is another', flush=True); signal.pause()"
    os.execv(sys.executable, [sys.executable, "-c", other])


async def exits(task: ClaimedTask) -> None:
    """As a library does that has given up."""
    os._exit(3)


async def ends_well(task: ClaimedTask) -> None:
    """By its exit code."""
    os._exit(0)


async def crashes(task: ClaimedTask) -> None:
    """As native code does."""
    ctypes.string_at(0)


async def runs_out_of_memory(task: ClaimedTask) -> None:
    """As the kernel ends it."""
    os.kill(os.getpid(), signal.SIGKILL)


async def finishes(task: ClaimedTask) -> None:
    """And dies as soon as that is acknowledged."""
    await task.finish(output="done")
    os.kill(os.getpid(), signal.SIGKILL)


DOES = (waits, forks, becomes_another, exits, ends_well, crashes, runs_out_of_memory, finishes)


async def main(url: str, worker_id: str) -> None:
    table = {each.__name__: each for each in DOES}
    settings = MeshSettings(nats_url=url)
    async with open_worker(
        url, worker_id=worker_id, max_concurrent_tasks=2, settings=settings
    ) as worker:
        await serve(worker, table, asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
