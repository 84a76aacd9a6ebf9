"""What do the ingestor's tests run against? The real engine behind its HTTP server, in a process of
its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from clickhouse_process import ClickHouseProcess

from ingestor.warehouse import ClickHouseWarehouse


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
    await bare_warehouse.migrate()
    assert await bare_warehouse.take_over("first") == 1
    await bare_warehouse.open_epoch(
        epoch=1,
        reason="first start",
        stream_created=datetime(2026, 11, 1, tzinfo=UTC),
        first_seq=1,
        forked_from_seq=0,
        holder="first",
    )
    return bare_warehouse
