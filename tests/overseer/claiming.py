"""How does a test get a task from a real overseer?"""

from __future__ import annotations

import asyncio

from nervous_system.client.claimed_task import ClaimedTask
from nervous_system.client.worker import Worker


async def claimed(worker: Worker) -> ClaimedTask:
    """The next task, as soon as there is one."""
    async with asyncio.timeout(300):
        while (found := await worker.claim()) is None:  # noqa: ASYNC110 - as agents do
            await asyncio.sleep(0.02)
    return found
