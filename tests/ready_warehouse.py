"""What does a warehouse have before anything is recorded in it?"""

from __future__ import annotations

from datetime import UTC, datetime

from ingestor.warehouse import ClickHouseWarehouse


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
