"""What does tracing cost, with spans going to a collector in a process of its own?"""

from __future__ import annotations

from functools import partial
from typing import Final

from bench.child import python, started
from bench.environment import Laboratory
from bench.figure import Figure
from bench.ingest import Ingest
from bench.profile import Size
from bench.progress import ProgressDisplay
from bench.publish import Publishing
from bench.rounds import Measure, interleave
from nervous_system.errors import StartFailed

_SINK_SECONDS: Final = 20.0
_MAX_PERCENT: Final = 15.0


async def measure(
    ingest: Ingest,
    publishing: Publishing,
    laboratory: Laboratory,
    size: Size,
    show: ProgressDisplay,
) -> list[Figure]:
    """The figures of tracing. Raises StartFailed where no span arrived: nothing was measured."""
    argv = python("bench.span_sink")
    async with started("span sink", argv, folder=laboratory.folder) as sink:
        endpoint = str((await sink.answer(within_seconds=_SINK_SECONDS))["endpoint"])
        contenders: dict[str, Measure] = {
            "bulk publish": publishing.bulk,
            "bulk publish, traced": partial(publishing.bulk, otlp_endpoint=endpoint),
            "ingest": ingest.ingestor,
            "ingest, traced": partial(ingest.ingestor, otlp_endpoint=endpoint),
        }
        show.expect(1 + len(contenders) * (size.rounds + size.warm_up))
        show.step("filling the stream")
        await ingest.fill()
        show.done()
        found = await interleave(
            contenders,
            rounds=size.rounds,
            warm_up=size.warm_up,
            max_seconds=size.suite_seconds,
            show=show,
        )
        sink.terminate()
        taken = int((await sink.answer(within_seconds=_SINK_SECONDS))["bytes"])
    if not taken:
        raise StartFailed("no span arrived at the collector: tracing was not on")
    figures = []
    for name in ("bulk publish", "ingest"):
        slowed = found.ratio(name, f"{name}, traced")
        figures.append(
            Figure(
                name=f"tracing.{name.partition(' ')[0]}",
                what=f"time that tracing adds to {name}",
                value=(slowed.median - 1) * 100,
                unit="%",
                target=_MAX_PERCENT,
                at_least=False,
                detail=(
                    f"off {found.median(name):,.0f}/s; on {found.median(f'{name}, traced'):,.0f}/s;"
                    f" time x, {slowed.spread}"
                ),
            )
        )
    return figures
