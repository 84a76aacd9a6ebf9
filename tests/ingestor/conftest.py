"""What do the ingestor's tests run against? The real engine behind its HTTP server, in a process of
its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ingestor.warehouse import ClickHouseWarehouse
from tests.ready_warehouse import make_empty, make_ready
from tests.real_servers import ClickHouseServer


@pytest.fixture
async def bare_warehouse(clickhouse_server: ClickHouseServer) -> AsyncIterator[ClickHouseWarehouse]:
    """Connected, without a database."""
    warehouse = await ClickHouseWarehouse.connect(clickhouse_server.url)
    await warehouse.client.command("DROP DATABASE IF EXISTS swarm SYNC")
    yield warehouse
    await warehouse.close()


@pytest.fixture
async def warehouse(clickhouse_server: ClickHouseServer) -> AsyncIterator[ClickHouseWarehouse]:
    """Migrated, epoch 1 open, writer 1 is `first`."""
    warehouse = await ClickHouseWarehouse.connect(clickhouse_server.url)
    await make_empty(warehouse, url=clickhouse_server.url)
    assert await make_ready(warehouse) == 1
    yield warehouse
    await warehouse.close()
