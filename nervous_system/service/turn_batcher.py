"""Which requests are decided together, in one turn?

A turn costs the log nearly the same for one request as for many. An asker that was answered in one
turn often asks again at once, and a little too late for the next: two that ask in turn would each
have turns of their own for ever. So a turn stays open until as many requests came as were answered
in the last turn and arrived during it. A lone asker never waits, and nobody waits for longer than
the log takes for a turn. If waiting was in vain, the next turns do not wait: one at first, then
twice as many each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from nervous_system.clock import Stopwatch
from nervous_system.service.request_queue import PendingRequest

MAX_REQUESTS: Final = 100
MAX_REQUEST_BYTES: Final = 20 * 1024
"""What is decided in one turn must not keep the lease from being renewed: a request for hundreds of
tasks is thousands of bytes."""

MAX_TURNS_WITHOUT_WAIT: Final = 64
"""So many turns at most go by before waiting is tried again: one wait in vain costs each of them a
64th of it."""


MAX_WAIT_SECONDS: Final = 0.05
"""A log that was stuck for a while is no reason to wait as long for somebody."""


class Queue(Protocol):
    """Where requests wait."""

    @property
    def waiting(self) -> int:
        """How many do."""
        ...

    async def wait_for_request(self, *, within_seconds: float) -> None:
        """Until one waits, or the time is over."""
        ...

    def take(self, max_requests: int, *, max_bytes: int) -> Sequence[PendingRequest]:
        """The oldest of those that wait, without any that had to be refused."""
        ...


class TurnBatcher:
    """Gathers those who are likely to ask at the same time: `begin`, `next` until nobody comes,
    `close_turn`."""

    def __init__(self, queue: Queue, *, watch: Stopwatch) -> None:
        self._queue = queue
        self._watch = watch
        self._expected = 0  # as many as the last turn answered, and those who came meanwhile
        self._max_wait_seconds = 0.0  # as long as the log took for the last turn
        self._turns_alone = 0  # still to go by without waiting
        self._next_turns_alone = 1
        self._taken = 0  # in this turn, as the following
        self._taken_bytes = 0
        self._wait_until = 0.0
        self._waited = False
        self._closed_at = 0.0  # when nobody else was waited for any more

    def begin(self) -> None:
        """A turn begins, with those that wait."""
        self._taken = self._taken_bytes = 0
        self._waited = False
        self._wait_until = self._watch() + self._max_wait_seconds
        if self._turns_alone:
            self._turns_alone -= 1
            self._expected = 0

    async def next(self) -> Sequence[PendingRequest]:
        """Those that come now, or within the time that is worth waiting; nobody: decide."""
        if not self._queue.waiting and self._taken < self._expected:
            self._waited = True
            await self._queue.wait_for_request(within_seconds=self._wait_until - self._watch())
            if not self._queue.waiting:  # in vain
                self._turns_alone = self._next_turns_alone
                self._next_turns_alone = min(MAX_TURNS_WITHOUT_WAIT, 2 * self._next_turns_alone)
        self._closed_at = self._watch()
        if self._taken >= MAX_REQUESTS or self._taken_bytes >= MAX_REQUEST_BYTES:
            return []
        taken = self._queue.take(
            MAX_REQUESTS - self._taken, max_bytes=MAX_REQUEST_BYTES - self._taken_bytes
        )
        self._taken += len(taken)
        self._taken_bytes += sum(len(each.data) for each in taken)
        return taken

    def close_turn(self) -> None:
        """The turn is over."""
        if self._waited and self._taken >= self._expected:
            self._next_turns_alone = 1
        self._expected = min(MAX_REQUESTS, self._taken + self._queue.waiting)
        self._max_wait_seconds = min(MAX_WAIT_SECONDS, self._watch() - self._closed_at)
