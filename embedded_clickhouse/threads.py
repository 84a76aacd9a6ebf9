"""How does blocking work run beside the event loop, so that nothing is left half done when a client
goes away?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Threads:
    """A bounded pool of threads for calls into the engine."""

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="clickhouse")

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call `function` in a thread. A cancelled caller still waits for the call to end, then is
        cancelled."""
        future = self.start(function, *args, **kwargs)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await wait_settled(future)
            raise

    def start(
        self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> asyncio.Future[R]:
        """Call `function` in a thread and go on. The caller must wait with `wait_settled`."""
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self._pool, lambda: function(*args, **kwargs))

    def close(self) -> None:
        """Wait for the calls under way and end the threads."""
        self._pool.shutdown(wait=True)


async def wait_settled(future: asyncio.Future[R]) -> None:
    """Wait until `future` is done, however often the caller is cancelled meanwhile. Its result
    stays in it."""
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait({future})
        except asyncio.CancelledError as error:
            cancelled = error
    if not future.cancelled():
        future.exception()  # mark as seen: whoever needs it asks again
    if cancelled is not None:
        raise cancelled
