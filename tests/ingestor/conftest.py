"""What do the ingestor's tests run against? The real engine behind its HTTP server, in a process of
its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ingestor.warehouse import ClickHouseWarehouse
from tests.ingestor.clickhouse_process import ClickHouseProcess
from tests.ready_warehouse import make_ready


@pytest.fixture(scope="session")
def clickhouse_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one engine for the whole session. Database `swarm` is whatever the test before
    left.
    """
    process = ClickHouseProcess(tmp_path_factory.mktemp("clickhouse"))
    process.start()
    yield process.url
    process.stop()


@pytest.fixture
def own_clickhouse(tmp_path: Path) -> Iterator[ClickHouseProcess]:
    """An engine for one test that stops or kills it."""
    process = ClickHouseProcess(tmp_path / "clickhouse")
    process.start()
    yield process
    process.kill()


@pytest.fixture
async def bare_warehouse(clickhouse_url: str) -> AsyncIterator[ClickHouseWarehouse]:
    """Connected, without a database."""
    warehouse = await ClickHouseWarehouse.connect(clickhouse_url)
    await warehouse.client.command("DROP DATABASE IF EXISTS swarm SYNC")
    yield warehouse
    await warehouse.close()


@pytest.fixture
async def warehouse(bare_warehouse: ClickHouseWarehouse) -> ClickHouseWarehouse:
    """Migrated, epoch 1 open, writer 1 is `first`."""
    assert await make_ready(bare_warehouse) == 1
    return bare_warehouse
