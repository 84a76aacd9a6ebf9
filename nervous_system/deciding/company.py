"""How long does a leader wait for others before it decides?

A turn costs the log nearly the same for one request as for many. Who was answered in one turn often
asks again at once, and a little too late for the next: two that ask in turn would each have turns
of their own for ever. So a turn waits until as many ask as were answered in the last one. Who asks
alone is never kept waiting; nobody is for longer than a turn takes; and where waiting was in vain,
it is left alone for a while, twice as long each time.
"""

from __future__ import annotations

from typing import Final, Protocol

from nervous_system.clock import Stopwatch

MOST_TURNS_ALONE: Final = 64
"""So many turns at most go by before waiting is tried again: one wait in vain costs each of them a
64th of it."""


class Queue(Protocol):
    """Where requests wait."""

    @property
    def waiting(self) -> int:
        """How many do."""
        ...

    async def fill(self, count: int, *, within_seconds: float) -> None:
        """Until so many wait, or the time is over."""
        ...


class Company:
    """Waits for those who are likely to ask at the same time."""

    def __init__(self, queue: Queue, *, watch: Stopwatch) -> None:
        self._queue = queue
        self._watch = watch
        self._expected = 0  # as many as the last turn answered
        self._patience_seconds = 0.0  # as long as the last turn took
        self._turns_alone = 0  # still to go by without waiting
        self._next_turns_alone = 1
        self._began = 0.0

    async def gather(self) -> None:
        """Wait for as many as are expected, where that is worth it."""
        if self._turns_alone:
            self._turns_alone -= 1
        elif self._queue.waiting < self._expected:
            await self._queue.fill(self._expected, within_seconds=self._patience_seconds)
            if self._queue.waiting < self._expected:
                self._turns_alone = self._next_turns_alone
                self._next_turns_alone = min(MOST_TURNS_ALONE, 2 * self._next_turns_alone)
            else:
                self._next_turns_alone = 1
        self._began = self._watch()

    def answered(self, count: int) -> None:
        """A turn is over that began after the last `gather`."""
        self._expected = count
        self._patience_seconds = self._watch() - self._began
