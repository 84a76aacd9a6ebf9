"""How are things compared on a machine that others use too? In rounds, one after the other.

A B C, A B C, A B C: what disturbs one round disturbs all its members, so a ratio is taken within
each round and the median of the ratios counts. The first round warms up and is thrown away.
"""

from __future__ import annotations

import statistics
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from ganglion.benchmarks.show import Show

Measure = Callable[[], Awaitable[float]]
"""Runs one contender once; the events per second, or whatever is compared."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """One thing over another, in each round."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def spread(self) -> str:
        """The lowest and the highest round."""
        return f"{min(self.values):.2f} to {max(self.values):.2f}"


@dataclass(frozen=True, slots=True)
class Rounds:
    """What each contender reached in each round."""

    values: Mapping[str, tuple[float, ...]]

    def median(self, name: str) -> float:
        """The middle round of one contender."""
        return statistics.median(self.values[name])

    def ratio(self, name: str, *to: str) -> Ratio:
        """A contender over the lowest of the others, round by round."""
        others = zip(*(self.values[each] for each in to), strict=True)
        pairs = zip(self.values[name], others, strict=True)
        return Ratio(tuple(own / min(theirs) for own, theirs in pairs))


async def interleave(
    contenders: Mapping[str, Measure], *, rounds: int, warm_up: bool, show: Show
) -> Rounds:
    """Run every contender once a round, in turn."""
    values: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(-1 if warm_up else 0, rounds):
        label = "warm-up" if number < 0 else f"round {number + 1} of {rounds}"
        for name, measure in contenders.items():
            show.step(f"{name} ({label})")
            value = await measure()
            if number >= 0:
                values[name].append(value)
            show.done()
    return Rounds({name: tuple(each) for name, each in values.items()})
