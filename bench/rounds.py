"""How are things compared on a machine that others use too? In rounds, one after the other.

A B C, C B A, A B C: what disturbs one round disturbs all its members, so a ratio is taken within
each round and the median of the ratios counts. The order turns round, so that none always comes
after the same one. The first round warms up and is thrown away.
"""

from __future__ import annotations

import statistics
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bench.progress import ProgressDisplay
from nervous_system.clock import Stopwatch, stopwatch

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
        """How many rounds, the lowest and the highest of them."""
        return f"{len(self.values)} rounds: {min(self.values):.2f} to {max(self.values):.2f}"


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
    contenders: Mapping[str, Measure],
    *,
    rounds: int,
    warm_up: bool,
    max_seconds: float,
    show: ProgressDisplay,
    watch: Stopwatch = stopwatch,
) -> Rounds:
    """Run every contender once a round.

    One round counts always; a further one is begun only while it will likely end in time.
    """
    values: dict[str, list[float]] = {name: [] for name in contenders}
    began = watch()
    longest = 0.0
    for number in range(-1 if warm_up else 0, rounds):
        round_began = watch()
        if number > 0 and round_began - began + longest > max_seconds:
            show.expect(-len(contenders) * (rounds - number))
            break
        label = "warm-up" if number < 0 else f"round {number + 1} of {rounds}"
        for name in list(contenders)[:: -1 if number % 2 else 1]:
            show.step(f"{name} ({label})")
            value = await contenders[name]()
            if number >= 0:
                values[name].append(value)
            show.done()
        longest = max(longest, watch() - round_began)
    return Rounds({name: tuple(each) for name, each in values.items()})
