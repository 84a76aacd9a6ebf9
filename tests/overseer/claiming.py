"""How does a test get a task from a real overseer?"""

from __future__ import annotations

import asyncio

from nervous_system.worker import Worker
from nervous_system.working.held_task import HeldTask


async def claimed(worker: Worker) -> HeldTask:
    """The next task, as soon as there is one."""
    async with asyncio.timeout(30):
        while (found := await worker.claim()) is None:  # noqa: ASYNC110 - as agents do
            await asyncio.sleep(0.02)
    return found
