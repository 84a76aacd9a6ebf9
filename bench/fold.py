"""How long does the overseer take to fold a long history, how much memory, and how soon does it
lead again from a snapshot?
"""

from __future__ import annotations

from typing import Final

from bench.candidates.order import Order
from bench.child import python, started
from bench.environment import Laboratory
from bench.figure import Figure
from bench.profile import Size
from bench.progress import ProgressDisplay

NATS: Final = "nats-fold"
_RUN_SECONDS: Final = 300.0


async def measure(laboratory: Laboratory, size: Size, show: ProgressDisplay) -> list[Figure]:
    """The figures of folding."""
    show.expect(2)
    show.step(f"folding {size.folded_tasks * 4:,} events")
    order = Order(count=size.folded_tasks)
    argv = python("bench.candidates", "fold_history", order.argument())
    async with started("fold", argv, folder=laboratory.folder) as child:
        folded = await child.answer(within_seconds=_RUN_SECONDS)
    show.done()
    show.step("starting from a snapshot")
    order = Order(
        nats_url=await laboratory.nats(NATS), count=size.snapshot_open, ended=size.snapshot_ended
    )
    argv = python("bench.candidates", "start_from_snapshot", order.argument())
    async with started("snapshot", argv, folder=laboratory.folder) as child:
        start = await child.answer(within_seconds=_RUN_SECONDS)
    show.done()
    events = int(folded["events"])
    return [
        Figure(
            name="fold.time",
            what=f"the overseer's core folds {events:,} events, from their bytes",
            value=folded["seconds"],
            unit="s",
            target=None,
            at_least=False,
            detail=(
                f"{events / folded['seconds']:,.0f} events/s; of it decoding"
                f" {folded['decoding']:.1f} s"
            ),
        ),
        Figure(
            name="fold.memory",
            what="what that adds to the resident memory",
            value=folded["megabytes"],
            unit="MB",
            target=None,
            at_least=False,
            detail=(f"{folded['open']:,} tasks open and {folded['ended']:,} remembered at the end"),
        ),
        Figure(
            name="fold.start",
            what="from asking for the snapshot to leading",
            value=start["seconds"],
            unit="s",
            target=1.0,
            at_least=False,
            detail=(
                f"{size.snapshot_open:,} tasks open, {size.snapshot_ended:,} ended;"
                f" {start['megabytes']:.1f} MB; reading and building the state"
                f" {start['loading']:.2f} s"
            ),
        ),
    ]
