"""How much of what all callers have together may one of them take? Never so much that nothing is
left for another one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from nervous_system.errors import Crowded

MAX_AT_ONCE: Final = 24
"""Requests of one caller that are answered at once. A route that blocks holds one of 40 threads."""
MAX_WAITING: Final = 400
"""Of one caller. Whoever asks and is gone waits, too."""


class Shares:
    """Of one thing that is there so often."""

    def __init__(self, *, most: int, most_of_one: int, words: str) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._words = words  # what happens with it
        self._taken: Counter[str] = Counter()  # by the name of the caller
        self._total = 0

    @property
    def taken(self) -> int:
        """How much of it somebody has."""
        return self._total

    def check(self, name: str, amount: int = 1) -> None:
        """Raises Crowded if they cannot have so much more now."""
        if self._total + amount > self._most:
            raise Crowded(f"{self._words}: ask again")
        if self._taken[name] + amount > self._most_of_one:
            raise Crowded(f"{self._words} for {name or 'strangers'} alone: ask again")

    @contextmanager
    def part(self, name: str, amount: int = 1) -> Iterator[None]:
        """While somebody has it. Raises Crowded."""
        self.check(name, amount)
        self._total += amount
        self._taken[name] += amount
        try:
            yield
        finally:
            self._total -= amount
            self._taken[name] -= amount
            if not self._taken[name]:
                del self._taken[name]


class Turns:
    """Each caller has so many, and waits for the next; no caller waits for another one."""

    def __init__(self, *, at_once: int = MAX_AT_ONCE, waiting: int = MAX_WAITING) -> None:
        self._at_once = at_once
        self._there = Shares(
            most=2**31, most_of_one=at_once + waiting, words="too much is being answered"
        )
        self._turns: dict[str, asyncio.Semaphore] = {}

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """While a request of theirs is answered. Raises Crowded."""
        with self._there.part(name):
            async with self._turns.setdefault(name, asyncio.Semaphore(self._at_once)):
                yield
