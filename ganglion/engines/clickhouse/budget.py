"""How much do all requests hold together?"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType


class Budget:
    """Bytes that all requests together may hold. Each takes them through a `Share` of its own."""

    def __init__(self, limit_bytes: int, *, refuse: Callable[[], Exception]) -> None:
        self._limit_bytes = limit_bytes
        self._refuse = refuse
        self.held_bytes = 0

    def share(self) -> Share:
        """What one request holds, nothing yet."""
        return Share(self)

    def take(self, count: int) -> None:
        """Hold `count` bytes more. Raises what `refuse` makes where that is too much."""
        if self.held_bytes + count > self._limit_bytes:
            raise self._refuse()
        self.held_bytes += count

    def give_back(self, count: int) -> None:
        """Hold `count` bytes less."""
        self.held_bytes -= count


class Share:
    """The bytes of one request. Leaving the block gives them back."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.held_bytes = 0

    def take(self, count: int) -> None:
        """Hold `count` bytes more. Raises where all requests together hold too much."""
        self._budget.take(count)
        self.held_bytes += count

    def give_back(self, count: int) -> None:
        """Hold `count` bytes less."""
        self.held_bytes -= count
        self._budget.give_back(count)

    def __enter__(self) -> Share:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        held, self.held_bytes = self.held_bytes, 0
        self._budget.give_back(held)
