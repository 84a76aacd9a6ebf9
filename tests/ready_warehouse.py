"""What does a warehouse have before anything is recorded in it?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ingestor.warehouse import ClickHouseWarehouse

_definitions: dict[str, Sequence[Any]] = {}
"""Of each engine, as a migration from nothing left them."""


async def make_ready(warehouse: ClickHouseWarehouse, *, writer: str = "first") -> int:
    """Migrated, epoch 1 open; the number of the writer that took over."""
    await warehouse.migrate()
    number = await warehouse.take_over(writer)
    await warehouse.open_epoch(
        epoch=1,
        reason="first start",
        stream_created=datetime(2026, 11, 1, tzinfo=UTC),
        first_seq=1,
        forked_from_seq=0,
        holder=writer,
    )
    return number


async def make_empty(warehouse: ClickHouseWarehouse, *, url: str) -> None:
    """The schema without a row, as on a new engine.

    To make it takes a second of processor. So the tables are emptied, and with them is forgotten
    which inserts they had, if the test before left all definitions as they were made.
    """
    if url in _definitions and await _defined(warehouse) == _definitions[url]:
        tables = await warehouse.client.query(
            "SELECT name FROM system.tables WHERE database = 'swarm' AND engine LIKE '%MergeTree'"
            " AND name NOT IN ('migrations', 'definitions')"
        )
        for (name,) in tables.result_rows:
            await warehouse.client.command(f"TRUNCATE TABLE swarm.{name} SYNC")
        return
    await warehouse.client.command("DROP DATABASE IF EXISTS swarm SYNC")
    await warehouse.migrate()
    _definitions[url] = await _defined(warehouse)


async def _defined(warehouse: ClickHouseWarehouse) -> Sequence[Any]:
    result = await warehouse.client.query(
        "SELECT name, create_table_query FROM system.tables WHERE database = 'swarm' ORDER BY name"
    )
    return result.result_rows
