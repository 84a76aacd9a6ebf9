"""How many statements run at once, and what happens to the next one?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from embedded_clickhouse.exceptions import Code, refusal
from embedded_clickhouse.users import User, Users


class ConcurrencyLimiter:
    """A bounded number of places, and a bounded queue for them. Who goes away frees what it
    held."""

    def __init__(
        self,
        *,
        running: int,
        waiting: int,
        max_wait_seconds: float,
        what: str = "simultaneous queries",
    ) -> None:
        """`what` there are too many of, where there are."""
        self._what = what
        self._places = asyncio.Semaphore(running)
        self.limit = running
        self.waiting_limit = waiting
        self._max_wait_seconds = max_wait_seconds
        self.waiting = 0
        self.running = 0

    @asynccontextmanager
    async def take(self) -> AsyncIterator[None]:
        """Hold a place. Raises `ClickHouseError` (202) when the queue is full or the wait too
        long."""
        if self._places.locked() and self.waiting >= self.waiting_limit:
            raise self._refusal(f"and {self.waiting} more are waiting")
        self.waiting += 1
        try:
            async with asyncio.timeout(self._max_wait_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise self._refusal(f"and none ended within {self._max_wait_seconds:g} s") from None
        finally:
            self.waiting -= 1
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
            self._places.release()

    def _refusal(self, why: str) -> Exception:
        return refusal(
            Code.TOO_MANY_SIMULTANEOUS_QUERIES,
            f"Too many {self._what}: {self.limit} are running {why}; try again later",
        )


class Admission:
    """The places of every account. Nobody waits for, or takes, those of another."""

    def __init__(
        self, users: Users, *, running: int, waiting: int, max_wait_seconds: float
    ) -> None:
        self._places = {
            name: ConcurrencyLimiter(
                running=user.rights.queries or running,
                waiting=user.rights.waiting or waiting,
                max_wait_seconds=max_wait_seconds,
            )
            for name, user in users.by_name.items()
        }
        self._kills = {
            name: ConcurrencyLimiter(running=1, waiting=waiting, max_wait_seconds=max_wait_seconds)
            for name in users.by_name
        }
        self._readings = {
            name: ConcurrencyLimiter(
                running=1,
                waiting=places.waiting_limit,
                max_wait_seconds=max_wait_seconds,
                what="long statements that are read",
            )
            for name, places in self._places.items()
        }
        self.max_running = sum(places.limit for places in self._places.values()) + len(self._kills)

    def places(self, user: User) -> ConcurrencyLimiter:
        """Those of `user`."""
        return self._places[user.name]

    def kill_places(self, user: User) -> ConcurrencyLimiter:
        """Those of the account's KILL QUERY: one that finds no place would end nothing."""
        return self._kills[user.name]

    def reading_places(self, user: User) -> ConcurrencyLimiter:
        """The place for reading the account's long statements. Python reads one at a time, whatever
        the number of threads: several of one account would only keep others waiting."""
        return self._readings[user.name]

    @property
    def running(self) -> int:
        """Statements that run."""
        return sum(places.running for places in self._places.values())

    @property
    def waiting(self) -> int:
        """Statements that wait for a place."""
        return sum(places.waiting for places in self._places.values())
