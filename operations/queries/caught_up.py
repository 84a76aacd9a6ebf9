"""Does ClickHouse have what stood on the log when something was asked?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from importlib.resources import files
from typing import Final

from local_mesh.addresses import running_mesh
from local_mesh.home import Home
from nervous_system.clickhouse.query import query_rows
from nervous_system.clock import stopwatch
from nervous_system.environment import read_settings
from nervous_system.errors import GanglionError, QueryRefused
from nervous_system.phrases import pluralize
from nervous_system.settings import MeshSettings
from operations.log_session import bus_session

WAIT_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 0.05
_WATERMARK: Final = (files("ingestor") / "sql" / "watermark.sql").read_text(encoding="utf-8")


def wait_until_caught_up(
    settings: MeshSettings,
    *,
    tell: Callable[[str], None],
    within_seconds: float = WAIT_SECONDS,
) -> None:
    """Wait until the tables have every position that the log has now; where that takes longer, or
    cannot be known, `tell` so: whoever asks is answered all the same.

    Raises NotRunning where no ClickHouse answers.
    """
    if not _log_is_known(settings):
        return
    asked = stopwatch()
    try:
        last = asyncio.run(_last_position(settings))
    except GanglionError as error:
        tell(f"the log may have more than ClickHouse: {error}")
        return
    while True:
        try:
            recorded = watermark(settings.clickhouse_dsn)
        except QueryRefused as error:
            tell(f"the log may have more than ClickHouse: {error}")
            return
        if recorded >= last:
            return
        if stopwatch() - asked >= within_seconds:
            tell(
                f"ClickHouse is {pluralize(last - recorded, 'position')} behind the log,"
                f" also after {within_seconds:g} s; this is the answer up to position"
                f" {recorded:,} (`ganglion status` shows how far it is)"
            )
            return
        time.sleep(LOOK_SECONDS)


def _log_is_known(settings: MeshSettings) -> bool:
    """Whoever only said where ClickHouse is, and has no mesh here, asks for no more than that."""
    given = read_settings(MeshSettings).model_fields_set
    return "nats_url" in given or running_mesh(Home.at(settings.home)) is not None


async def _last_position(settings: MeshSettings) -> int:
    async with bus_session(settings) as bus:
        return (await bus.stream.state()).last_sequence


def watermark(clickhouse_url: str, *, silent_seconds: float | None = None) -> int:
    """The last position that ClickHouse has. Raises NotRunning, QueryRefused."""
    rows = query_rows(clickhouse_url, _WATERMARK, silent_seconds=silent_seconds)
    return int(rows[0]["seq"]) if rows else 0
