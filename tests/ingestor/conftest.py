"""What do the ingestor's tests run against? The real engine behind its HTTP server, in a process of
its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ingestor.warehouse import ClickHouseWarehouse
from tests.ready_warehouse import make_ready
from tests.real_servers import ClickHouseServer


@pytest.fixture
async def bare_warehouse(clickhouse_server: ClickHouseServer) -> AsyncIterator[ClickHouseWarehouse]:
    """Connected, without a database."""
    warehouse = await ClickHouseWarehouse.connect(clickhouse_server.url)
    await warehouse.client.command("DROP DATABASE IF EXISTS swarm SYNC")
    yield warehouse
    await warehouse.close()


@pytest.fixture
async def warehouse(bare_warehouse: ClickHouseWarehouse) -> ClickHouseWarehouse:
    """Migrated, epoch 1 open, writer 1 is `first`."""
    assert await make_ready(bare_warehouse) == 1
    return bare_warehouse
