"""How soon does mission control answer what the pages ask, one question after the other?

The rows are those that the ingestor made of the benchmark's stream; mission control is a process of
its own on the same servers.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import quantiles
from types import MappingProxyType
from typing import Final

import aiohttp

from bench.child import python, started
from bench.environment import Laboratory, free_port, listening
from bench.figure import Figure
from bench.ingest import Ingest
from bench.profile import Size
from bench.progress import ProgressDisplay
from nervous_system.clock import stopwatch
from nervous_system.errors import StartFailed

READS: Final[Mapping[str, tuple[str, str, float | None]]] = MappingProxyType(
    {
        "summary": ("the page Now", "/api/summary", None),
        "timeline": ("the strip over everything", "/api/timeline", None),
        "events": ("the last hundred events", "/api/events", None),
        "text": ("a word that nobody said", "/api/events?text=xylophone", 500.0),
        "window": ("ten thousand positions as columns", "/api/window", None),
        "decisions": ("the last hundred decisions", "/api/decisions", None),
        "tasks": ("tasks, from the fold", "/tasks", None),
    }
)
"""By name: what is asked, where, and within how many milliseconds it is to be answered."""


async def measure(
    ingest: Ingest, laboratory: Laboratory, size: Size, show: ProgressDisplay
) -> list[Figure]:
    """The p99 of each read."""
    show.expect(1 + len(READS))
    show.step("rows to read")
    await ingest.fill()
    await ingest.ingestor()
    show.done()
    port = free_port()
    environment = {
        "NATS_URL": await ingest.nats(),
        "CLICKHOUSE_URL": await laboratory.clickhouse(),
        "GANGLION_HOME": str(laboratory.folder),
        "GANGLION_HTTP_PORT": str(port),
    }
    argv = python("mission_control")
    figures = []
    async with (
        started(
            "mission control", argv, folder=laboratory.folder, environment=environment
        ) as child,
        aiohttp.ClientSession() as session,
    ):
        await listening(child, port)
        for name, (what, path, target) in READS.items():
            show.step(what)
            took = await _asked(session, f"http://127.0.0.1:{port}{path}", size.reads)
            figures.append(_figure(name, what, took, target=target, events=size.ingest_events))
            show.done()
    return figures


async def _asked(session: aiohttp.ClientSession, url: str, times: int) -> list[float]:
    """Milliseconds of each answer, but for the first, which warms up."""
    took = []
    for _ in range(times + 1):
        began = stopwatch()
        async with session.get(url) as answer:
            body = await answer.read()
            if answer.status != 200:
                raise StartFailed(f"{url} answered {answer.status}: {body[:500]!r}")
        took.append((stopwatch() - began) * 1e3)
    return took[1:]


def _figure(
    name: str, what: str, took: list[float], *, target: float | None, events: int
) -> Figure:
    hundredths = quantiles(took, n=100, method="inclusive")
    return Figure(
        name=f"api.{name}",
        what=f"p99 of {what}",
        value=hundredths[98],
        unit="ms",
        target=target,
        at_least=False,
        detail=f"p50 {hundredths[49]:.1f} ms; {len(took)} questions, {events:,} events",
    )
