"""Services that end in every way there is: `failing_program.py WAY`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nervous_system.environment import read_settings
from nervous_system.errors import Fatal
from nervous_system.host import process
from nervous_system.settings import MeshSettings


async def drains(stop: asyncio.Event) -> None:
    print("ready", flush=True)
    await stop.wait()
    await asyncio.sleep(0.05)
    print("drained", flush=True)


async def fails(stop: asyncio.Event) -> None:
    raise Fatal("the disk is full; free some space")


async def times_out(stop: asyncio.Event) -> None:
    raise TimeoutError("one of the service's own")


async def is_set_wrongly(stop: asyncio.Event) -> None:
    os.environ["GANGLION_STREAM_REPLICAS"] = "77"
    read_settings(MeshSettings)


async def never_stops(stop: asyncio.Event) -> None:
    print("ready", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        print("cancelled", flush=True)


@asynccontextmanager
async def lingering() -> AsyncIterator[None]:
    yield
    await asyncio.get_running_loop().create_future()


async def lingers(stop: asyncio.Event) -> None:
    print("ready", flush=True)
    async with lingering():
        await stop.wait()


async def clings(stop: asyncio.Event) -> None:
    print("ready", flush=True)
    while not stop.is_set():
        await stop.wait()
    raise Fatal("it could not be drained")


if __name__ == "__main__":
    process.DRAIN_SECONDS = 0.3
    sys.exit(process.main(globals()[sys.argv[1]]))
