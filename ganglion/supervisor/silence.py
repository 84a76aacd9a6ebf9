"""Is a process that runs also there for anybody? One whose health check is silent for too long is
not."""

from __future__ import annotations

import asyncio
from typing import Final

from ganglion.supervisor.recording import ask_health
from nervous_system.clock import Stopwatch

ASKS_IN_A_ROW: Final = 3
"""Asked in vain this often at least: a supervisor that stood still itself blames nobody."""


async def until_silent(health_url: str, *, silent_seconds: float, stopwatch: Stopwatch) -> float:
    """Ask for the health of a process again and again, until it was silent for `silent_seconds`.

    Any answer is one, also that all is not well: only silence counts. Returns the seconds of
    silence. Never raises.
    """
    patience = silent_seconds / ASKS_IN_A_ROW
    answered, in_vain = stopwatch(), 0
    while True:
        health = await ask_health(health_url, timeout_seconds=patience)
        now = stopwatch()
        if health.answered:
            answered, in_vain = now, 0
        else:
            in_vain += 1
            if in_vain >= ASKS_IN_A_ROW and now - answered >= silent_seconds:
                return now - answered
        await asyncio.sleep(patience / 2 if health.answered else min(patience / 4, 1.0))
