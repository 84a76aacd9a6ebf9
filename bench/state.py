"""How long does the state of the swarm at any moment take, and what do the keyframes cost that it
is folded from?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bench.candidates.order import Order
from bench.child import python, started
from bench.environment import Laboratory
from bench.figure import Figure
from bench.profile import Size
from bench.progress import ProgressDisplay

NATS: Final = "nats-state"
_RUN_SECONDS: Final = 900.0


async def measure(laboratory: Laboratory, size: Size, show: ProgressDisplay) -> list[Figure]:
    """The figures of any moment."""
    show.expect(1)
    show.step(f"states at {size.moments} moments in the life of {size.moment_tasks:,} tasks")
    url = await laboratory.nats(NATS)
    order = Order(nats_url=url, count=size.moment_tasks, ended=size.moments)
    argv = python("bench.candidates", "any_moment", order.argument())
    async with started("any moment", argv, folder=laboratory.folder) as child:
        found = await child.answer(within_seconds=_RUN_SECONDS)
    show.done()
    positions = int(found["positions"])
    at_random = f"at random positions of {positions:,}"
    return [
        Figure(
            name="state.warm",
            what=f"state at a moment, p99, to a process that was asked before, {at_random}",
            value=_share(found["warm"], 0.99) * 1_000,
            unit="ms",
            target=500.0,
            at_least=False,
            detail=f"p50 {_share(found['warm'], 0.5) * 1_000:,.0f} ms of {len(found['warm'])}",
        ),
        Figure(
            name="state.started",
            what=f"the same, p99, to one that has just started, {at_random}",
            value=_share(found["started"], 0.99) * 1_000,
            unit="ms",
            target=1_500.0,
            at_least=False,
            detail=f"p50 {_share(found['started'], 0.5) * 1_000:,.0f} ms of"
            f" {len(found['started'])}",
        ),
        Figure(
            name="state.keyframes",
            what="size of all keyframes",
            value=found["megabytes"],
            unit="MB",
            target=None,
            at_least=False,
            detail=f"{found['megabytes'] * 1e6 / positions:,.0f} bytes a position",
        ),
        Figure(
            name="state.keeping",
            what="time to make them, for each position",
            value=found["keeping_seconds"] / positions * 1e6,
            unit="µs",
            target=None,
            at_least=False,
            detail=f"{found['keeping_seconds']:,.1f} s in all",
        ),
    ]


def _share(ascending: Sequence[float], share: float) -> float:
    return ascending[min(len(ascending) - 1, int(len(ascending) * share))]
