"""How does a task of ours end for certain?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Final, TypeVar

Outcome = TypeVar("Outcome")

AGAIN_SECONDS: Final = 0.3


async def cancel(task: asyncio.Future[Any]) -> None:
    """Returns when the task has ended, whichever way. Once may not do; see `heeding`."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=AGAIN_SECONDS)


async def heeding(call: Awaitable[Outcome]) -> Outcome:
    """The outcome of a call that may lose a cancellation: it gets a task of its own, and whoever
    awaits this ends when he is cancelled.

    nats-py waits by `wait_for`, which before Python 3.12 loses a cancellation that meets what it
    waits for. A service, or the whole mesh, that was told to stop at such a moment never did.
    """
    calling = asyncio.ensure_future(call)
    try:
        await asyncio.wait({calling})
    except asyncio.CancelledError:
        await cancel(calling)
        raise
    return calling.result()
