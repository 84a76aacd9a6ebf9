"""Which positions are there, which could not be read, and which lives had the log?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ingestor.model import Epoch, StoredPosition
from local_mesh.addresses import client_settings
from nervous_system.clickhouse.query import query_rows
from operations.positions_session import warehouse_session
from operations.queries.caught_up import wait_until_caught_up


async def parked_position(sequence: int, epoch: int | None) -> StoredPosition | None:
    """The parked position of this sequence, None where none is; without an epoch the last."""
    async with warehouse_session() as warehouse:
        if epoch is None:
            epoch = max((each.epoch for each in await warehouse.epochs()), default=1)
        rows = await warehouse.positions_after(
            epoch=epoch, after_seq=sequence - 1, limit=1, disposition="parked"
        )
    return rows[0] if rows and rows[0].seq == sequence else None


async def every_epoch() -> tuple[Epoch, ...]:
    """The lives of the log, the oldest first."""
    async with warehouse_session() as warehouse:
        return await warehouse.epochs()


def parked_rows(max_rows: int, *, tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """The newest parked positions; `tell` hears that ClickHouse may be behind. Raises NotRunning,
    QueryRefused."""
    query = (
        "SELECT epoch, seq, recorded_at, subject, reason, size_bytes FROM swarm.parked"
        f" ORDER BY epoch DESC, seq DESC LIMIT {max_rows}"
    )
    mesh = client_settings()
    wait_until_caught_up(mesh, tell=tell)
    numbers = ("epoch", "seq", "size_bytes")
    return [
        row | {name: int(row[name]) for name in numbers}
        for row in query_rows(mesh.clickhouse_dsn, query)
    ]
