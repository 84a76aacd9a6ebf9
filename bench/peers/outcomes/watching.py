"""How does a system say what it shows of a task? One line of JSON for each change, until its end.

An order comes as JSON on the command line.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass

LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Order:
    """One task, and for how long it is looked at."""

    deed: str
    key: str  # of its stamps
    queue: str  # of one situation
    seconds: float
    limit_seconds: float = 0.0  # of an attempt; 0: none


@dataclass(frozen=True)
class Seen:
    """What the system shows."""

    kind: str  # waiting, running, done, failed, cancelled or unknown
    state: str  # as the system itself calls it
    reason: str = ""

    @property
    def ended(self) -> bool:
        return self.kind in ("done", "failed", "cancelled")


def order() -> Order:
    """What the command line says."""
    return Order(**json.loads(sys.argv[2]))


def ready() -> None:
    """The worker can begin."""
    say({"begin": True})


def submitted() -> None:
    """The task is accepted."""
    say({"submitted": True})


async def watch(
    look: Callable[[], Awaitable[Seen]], cancel: Callable[[], Awaitable[object]], given: Order
) -> None:
    """Look again and again until it has ended, or it is enough; told by SIGUSR1, cancel it."""
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, told.set)
    say({"watching": True})
    before: Seen | None = None
    until = time.monotonic() + given.seconds
    while time.monotonic() < until:
        try:
            if told.is_set():
                told.clear()
                before = None  # what is shown from now on is to be said
                say({"cancelling": True})
                await cancel()
            seen = await look()
        except Exception as error:  # noqa: BLE001 - the broker is away
            say({"away": f"{type(error).__name__}: {error}"})
        else:
            if seen != before:
                say({"seen": asdict(seen)})
            if seen.ended:
                return
            before = seen
        await asyncio.sleep(LOOK_SECONDS)


def say(line: dict[str, object]) -> None:
    print(json.dumps(line), flush=True)
