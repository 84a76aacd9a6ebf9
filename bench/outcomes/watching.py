"""How does a system say what it shows of a task? One line of JSON for each change, until its end.

An order comes as JSON on the command line.
"""

from __future__ import annotations

import asyncio
import json
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


def submitted(task_id: object) -> None:
    """The task is accepted."""
    say({"submitted": str(task_id)})


def cancelling() -> None:
    """From here on it is not wanted."""
    say({"cancelling": True})


async def watch(look: Callable[[], Awaitable[Seen]], given: Order) -> None:
    """Look again and again until it has ended, or it is enough."""
    before: Seen | None = None
    until = time.monotonic() + given.seconds
    while time.monotonic() < until:
        try:
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
