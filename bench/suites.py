"""What can be measured, and in which order? Each suite gives the figures of one question."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Final

from bench import api, fold, idle, ingest, publish, secrets, state, tasks, tracing
from bench.environment import open_laboratory
from bench.figure import Figure, measured
from bench.profile import Size
from bench.progress import ProgressDisplay
from nervous_system.errors import BadSetting

NAMES: Final = ("idle", "ingest", "publish", "tracing", "fold", "state", "tasks", "secrets", "api")
"""In the order in which they run: a mesh is idle as long as nothing else was started."""


async def measure_all(only: Collection[str], *, size: Size, show: ProgressDisplay) -> list[Figure]:
    """The figures of the suites named, of all where none is. Raises BadSetting for other names."""
    unknown = sorted(set(only) - set(NAMES))
    if unknown:
        raise BadSetting(f"there is no benchmark {unknown[0]!r}; there are {', '.join(NAMES)}")
    figures: list[Figure] = []
    async with open_laboratory() as laboratory:
        ingesting = ingest.Ingest(laboratory, size)
        publishing = publish.Publishing(laboratory, size)
        suites: dict[str, Callable[[], Awaitable[list[Figure]]]] = {
            "idle": partial(idle.measure, laboratory, size, show),
            "ingest": partial(ingest.measure, ingesting, size, show),
            "publish": partial(publish.measure, publishing, size, show),
            "tracing": partial(tracing.measure, ingesting, publishing, laboratory, size, show),
            "fold": partial(fold.measure, laboratory, size, show),
            "state": partial(state.measure, laboratory, size, show),
            "tasks": partial(tasks.measure, laboratory, size, show),
            "secrets": partial(secrets.measure, size, show),
            "api": partial(api.measure, ingesting, laboratory, size, show),
        }
        for name, measure in suites.items():
            if not only or name in only:
                figures += await measured(name, "all of this part", measure)
    return figures
