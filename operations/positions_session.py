"""How does a command get at the rows of the log's positions, and at the log they came from?"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from ingestor.warehouse import ClickHouseWarehouse
from local_mesh.addresses import client_settings
from nervous_system.bus import Bus
from nervous_system.users import ADMIN
from operations.log_session import bus_session, quiet_log


@dataclass(frozen=True, slots=True)
class Positions:
    """Both sides, for one command."""

    warehouse: ClickHouseWarehouse
    bus: Bus


@asynccontextmanager
async def warehouse_session() -> AsyncIterator[ClickHouseWarehouse]:
    """The rows alone. Raises Unavailable when nobody answers."""
    quiet_log()
    warehouse = await ClickHouseWarehouse.connect(client_settings().clickhouse_dsn)
    try:
        yield warehouse
    finally:
        await warehouse.close()


@asynccontextmanager
async def positions_session() -> AsyncIterator[Positions]:
    """Rows and log, where every position may be published again. Raises Unavailable when one of
    them does not answer."""
    async with AsyncExitStack() as stack:
        warehouse = await stack.enter_async_context(warehouse_session())
        bus = await stack.enter_async_context(bus_session(client_settings(), user=ADMIN))
        yield Positions(warehouse, bus)
