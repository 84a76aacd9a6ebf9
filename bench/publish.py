"""How fast does an agent's event get onto the disk, one by one and in bulk, against nats-py's own
`js.publish` with the same bytes on the same server (`sync_interval: always`)?
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from bench.candidates.order import Order
from bench.child import python, started
from bench.environment import Laboratory
from bench.figure import Figure
from bench.profile import Size
from bench.progress import ProgressDisplay
from bench.rounds import Measure, Ratio, interleave

NATS: Final = "nats-publish"
BULK, SERIAL = "publish_all", "serial js.publish"
_RUN_SECONDS: Final = 120.0
_MICROSECONDS: Final = 1_000_000


class Publishing:
    """One run of each contender, in a process of its own."""

    def __init__(self, laboratory: Laboratory, size: Size) -> None:
        self._laboratory = laboratory
        self._size = size

    async def bulk(self, *, otlp_endpoint: str | None = None) -> float:
        """Events per second of our `publish_all`."""
        order = Order(count=self._size.bulk_events, otlp_endpoint=otlp_endpoint)
        return order.count / float((await self.run("bulk_publish", order))["seconds"])

    async def serial(self) -> float:
        """Messages per second of nats-py's `js.publish`, one after the other."""
        order = Order(count=self._size.serial_events)
        return order.count / float((await self.run("serial_publish", order))["seconds"])

    async def run(self, contender: str, order: Order) -> dict[str, Any]:
        """What one contender says."""
        order = replace(order, nats_url=await self._laboratory.nats(NATS))
        argv = python("bench.candidates", contender, order.argument())
        async with started(contender, argv, folder=self._laboratory.folder) as child:
            return await child.answer(within_seconds=_RUN_SECONDS)


async def measure(publishing: Publishing, size: Size, show: ProgressDisplay) -> list[Figure]:
    """The figures of publishing."""
    contenders: dict[str, Measure] = {BULK: publishing.bulk, SERIAL: publishing.serial}
    show.expect(size.rounds + len(contenders) * (size.rounds + size.warm_up))
    found = await interleave(
        contenders,
        rounds=size.rounds,
        warm_up=size.warm_up,
        max_seconds=size.suite_seconds,
        show=show,
    )
    bulk = found.ratio(BULK, SERIAL)
    figures = [
        Figure(
            name="publish.bulk",
            what="bulk publish over serial js.publish of the same bytes",
            value=bulk.median,
            unit="x",
            target=6.0,
            at_least=True,
            detail=(
                f"{BULK} {found.median(BULK):,.0f}/s; {SERIAL} {found.median(SERIAL):,.0f}/s;"
                f" {bulk.spread}"
            ),
        )
    ]
    rounds: list[dict[str, Any]] = []
    for number in range(size.rounds):
        show.step(f"single publishes in turn (round {number + 1} of {size.rounds})")
        rounds.append(await publishing.run("single_publish", Order(count=size.single_samples)))
        show.done()
    for name, what in (("publish", "bus.publish"), ("decide", "agent.decide")):
        figures.append(_single(name, what, rounds, percentile="p99", target=1.3))
        figures.append(_single(name, what, rounds, percentile="p50", target=None))
    return figures


def _single(
    name: str, what: str, rounds: list[dict[str, Any]], *, percentile: str, target: float | None
) -> Figure:
    ratio = Ratio(tuple(each[name][percentile] / each["raw"][percentile] for each in rounds))
    ours, raw = (
        Ratio(tuple(each[way][percentile] for each in rounds)).median * _MICROSECONDS
        for way in (name, "raw")
    )
    return Figure(
        name=f"publish.{name}_{percentile}",
        what=f"{percentile} of {what} over that of js.publish",
        value=ratio.median,
        unit="x",
        target=target,
        at_least=False,
        detail=f"{what} {ours:,.0f} µs; js.publish {raw:,.0f} µs; {ratio.spread}",
    )
