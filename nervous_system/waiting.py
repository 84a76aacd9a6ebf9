"""How does a loop pause, and yet stop when it is told to?"""

from __future__ import annotations

import asyncio
from contextlib import suppress


async def pause(seconds: float, *, unless: asyncio.Event) -> None:
    """Returns after so many seconds, or as soon as the event is set."""
    with suppress(TimeoutError):
        # Not `wait_for`: before Python 3.12 it loses a cancellation that meets the event.
        async with asyncio.timeout(seconds):
            await unless.wait()
