"""How does code of a stranger's come to its end, whatever it does?

It may raise anything that Python has, ask its process to exit, cancel itself, or return what nobody
expected. It runs in an asyncio task of its own, and its end is a value.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import dataclass

from nervous_system.working.exits import FOREIGN, guard


@dataclass(frozen=True, slots=True)
class End:
    """What it returned or raised."""

    returned: object = None
    error: BaseException | None = None


async def end_of(call: Callable[[], object]) -> End:
    """Of a function, or a coroutine function. Cancelled, this cancels it, and waits for it; what
    cancels itself has a CancelledError."""
    guard(asyncio.get_running_loop())
    ends: list[End] = []  # not its task's result: what has cancelled itself has none
    running = asyncio.create_task(_run(call, ends))
    try:
        await asyncio.wait({running})
    except asyncio.CancelledError:
        running.cancel()
        await asyncio.wait({running})
        raise
    return ends[0] if ends else End(error=asyncio.CancelledError())


async def _run(call: Callable[[], object], ends: list[End]) -> None:
    FOREIGN.set(True)  # in the context of this task alone
    try:
        returned = call()
        ends.append(End(await returned if inspect.isawaitable(returned) else returned))
    except BaseException as error:  # noqa: BLE001 - also what would end the event loop
        ends.append(End(error=error))
