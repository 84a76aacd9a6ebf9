"""How does work that blocks leave the event loop free, and stop when it is told to?"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Final, TypeVar

Value = TypeVar("Value")

LET_GO_SECONDS: Final = 5.0
"""How long a cancelled thread is waited for: only a system call that hangs takes longer."""


class Halted(Exception):
    """The work was told to stop; whoever told it does not want its result."""


class Halt:
    """Told to a thread: whether it is to stop."""

    def __init__(self) -> None:
        self._ordered = threading.Event()

    def order(self) -> None:
        """Let the work end at its next check."""
        self._ordered.set()

    def check(self) -> None:
        """To be called between steps of at most some milliseconds. Raises Halted."""
        if self._ordered.is_set():
            raise Halted

    def pause(self, seconds: float) -> None:
        """Let time pass. Raises Halted as soon as it is ordered."""
        if self._ordered.wait(seconds):
            raise Halted


async def in_thread(work: Callable[[Halt], Value]) -> Value:
    """What `work` returns or raises, from a thread of its own.

    When this is cancelled the work is halted and waited for: nothing goes on behind its back.
    """
    halt = Halt()
    running = asyncio.ensure_future(asyncio.to_thread(work, halt))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        halt.order()
        await asyncio.wait({running}, timeout=LET_GO_SECONDS)
        raise
    finally:
        running.add_done_callback(_looked_at)


def _looked_at(running: asyncio.Future[Value]) -> None:
    if not running.cancelled():
        running.exception()
