"""How much do all requests hold together, and how much of it may those of one kind hold?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from types import TracebackType


class Budget:
    """Bytes that all requests together may hold. Each takes them through a `BudgetShare` of its
    own.

    A request of a kind of account has a part of them, from 0 to 1: those of its part and of smaller
    ones hold no more than that together, so that who has a larger one always finds room.
    """

    def __init__(self, limit_bytes: int, *, refuse: Callable[[], Exception]) -> None:
        self._limit_bytes = limit_bytes
        self._refuse = refuse
        self._held: Counter[float] = Counter()

    def share(self, part: float = 1.0) -> BudgetShare:
        """What one request of this part holds, nothing yet."""
        self._held[part] += 0
        return BudgetShare(self, part)

    def take(self, count: int, part: float) -> None:
        """Hold `count` bytes more. Raises what `refuse` makes where that is too much."""
        together = count
        for each, held in sorted(self._held.items()):
            together += held
            if each >= part and together > each * self._limit_bytes:
                raise self._refuse()
        self._held[part] += count

    def release(self, count: int, part: float) -> None:
        """Hold `count` bytes less."""
        self._held[part] -= count


class BudgetShare:
    """The bytes of one request. Leaving the block gives them back."""

    def __init__(self, budget: Budget, part: float) -> None:
        self._budget = budget
        self.part = part
        self.held_bytes = 0

    def take(self, count: int) -> None:
        """Hold `count` bytes more. Raises where all requests together hold too much."""
        self._budget.take(count, self.part)
        self.held_bytes += count

    def release(self, count: int) -> None:
        """Hold `count` bytes less."""
        self.held_bytes -= count
        self._budget.release(count, self.part)

    def __enter__(self) -> BudgetShare:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        held, self.held_bytes = self.held_bytes, 0
        self._budget.release(held, self.part)
