"""How does a task of ours end for certain?"""

from __future__ import annotations

import asyncio
from typing import Any, Final

AGAIN_SECONDS: Final = 0.3


async def cancel(task: asyncio.Task[Any]) -> None:
    """Returns when the task has ended, whichever way.

    Once may not do: nats-py waits by `wait_for`, which before Python 3.12 loses a cancellation that
    meets the reply.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=AGAIN_SECONDS)
