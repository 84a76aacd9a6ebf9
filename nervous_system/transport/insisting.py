"""How does a message find a place on a log that others flood? It is sent again and again, without
waiting for the answer to the last time.

A server whose queue is full says so, and who got a place, when it has worked off the queue: after a
second or more. Its places are free for a few milliseconds then. Whoever waits for each answer has
one try in each round, among a hundred thousand others. What is stored twice is recognised as after
a lost acknowledgement.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from nervous_system.clock import Stopwatch
from nervous_system.errors import Crowded, NotAcknowledged

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Insistence:
    """How much of that somebody may do. All together they must not be a flood themselves."""

    every_seconds: float
    max_copies: int  # under way at once


OF_A_LEADER: Final = Insistence(every_seconds=0.004, max_copies=1000)
"""There are a handful, and everybody waits for them."""

OF_MANY: Final = Insistence(every_seconds=0.025, max_copies=40)
"""There may be thousands."""


async def insist(
    once: Callable[[float], Awaitable[Answer]],
    insistence: Insistence,
    *,
    seconds: float,
    watch: Stopwatch,
    copied: Callable[[], None],
) -> Answer:
    """The first answer that is a yes; `once` sends a copy, and waits so many seconds for it.

    Raises the last Crowded or NotAcknowledged when the time is over; any other error at once.
    """
    deadline = watch() + seconds
    last: BaseException = NotAcknowledged(f"it was not answered within {seconds:.1f} s")
    trying: set[asyncio.Future[Answer]] = set()
    try:
        while (left := deadline - watch()) > 0:
            if len(trying) < insistence.max_copies:
                copied()
                trying.add(asyncio.ensure_future(once(left)))
            done, trying = await asyncio.wait(
                trying, timeout=insistence.every_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            refused = [error for each in done if (error := each.exception()) is not None]
            if len(refused) < len(done):
                return next(each.result() for each in done if each.exception() is None)
            for error in refused:
                if not isinstance(error, Crowded | NotAcknowledged):
                    raise error
                last = error
            if done:
                await asyncio.sleep(insistence.every_seconds)
    finally:
        for each in trying:
            each.cancel()
        await asyncio.gather(*trying, return_exceptions=True)
    raise last
