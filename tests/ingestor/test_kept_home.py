"""Do homes of versions that were released come up with all that they had?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestor.row_encoder import RowEncoder
from ingestor.schema import SchemaMismatch, migrations
from ingestor.warehouse import ClickHouseWarehouse
from tests.ingestor.clickhouse_process import ClickHouseProcess
from tests.ingestor.ingestor_samples import batch_of
from tests.ingestor.kept_home.home import (
    as_it_was,
    kept_answers,
    old_migrations,
    there,
    unpack,
)
from tests.ready_warehouse import make_ready

OTHERWISE = ("key_indicators_at_0", "key_indicators_at_1", "key_indicators_at_2")
"""Worked out from the rows then, shown as the pulse recorded them now (docs/decisions/0038)."""


@pytest.fixture
def kept_clickhouse(tmp_path: Path) -> Iterator[ClickHouseProcess]:
    """An engine on the kept home's data."""
    process = ClickHouseProcess(unpack(tmp_path))
    process.start()
    yield process
    process.kill()


async def test_a_kept_home_has_every_row_and_view_as_before(
    kept_clickhouse: ClickHouseProcess, bare_warehouse: ClickHouseWarehouse
) -> None:
    warehouse = await ClickHouseWarehouse.connect(kept_clickhouse.url)
    try:
        assert f"{migrations()[0].number:04} baseline" in await warehouse.migrate()
        assert await warehouse.migrate() == ()
        said = kept_answers()
        assert len(said) > 30
        for answer in said:
            if answer.name not in ("migrations", *OTHERWISE):
                assert await answer.now(warehouse) == answer.text, answer.name
        await bare_warehouse.migrate()
        assert await there(warehouse) == await there(bare_warehouse)
        await _goes_on(warehouse)
    finally:
        await warehouse.close()


async def _goes_on(warehouse: ClickHouseWarehouse) -> None:
    """What is recorded from now on comes behind what was there."""
    before = await warehouse.watermark()
    assert before is not None
    writer = await warehouse.take_over("goes on")
    framer = RowEncoder(epoch=before.epoch, writer=writer)
    await warehouse.insert(batch_of(framer, range(before.seq + 1, before.seq + 6), tag="new"))
    after = await warehouse.watermark()
    assert after is not None and after.seq == before.seq + 5


@pytest.mark.parametrize("number", [1, 2, 4, 7, 9, 12, max(old_migrations())])
async def test_a_home_of_each_migration_comes_up(
    bare_warehouse: ClickHouseWarehouse, number: int
) -> None:
    """Also one that had stopped behind any of them."""
    await bare_warehouse.migrate()
    wanted = await there(bare_warehouse)
    await as_it_was(bare_warehouse, number)
    client = bare_warehouse.client
    if number > 1:
        await client.command(
            "INSERT INTO swarm.events (epoch, seq, subject, recorded_at, disposition, event_id,"
            " agent_role, payload_kind, raw) VALUES (1, 7, 'swarm.events.coder.decision',"
            " '2026-11-21 09:00:00', 'stored', 'seven', 'coder', 'decision', 'raw')"
        )
    await bare_warehouse.migrate()
    assert await bare_warehouse.pending_migrations() == ()
    assert await there(bare_warehouse) == wanted
    if number > 1:
        rows = await client.query("SELECT seq, event_id, heard, raw FROM swarm.events")
        assert rows.result_rows == [(7, "seven", True, "raw")]
        decisions = await client.query("SELECT seq, event_id FROM swarm.decisions")
        assert decisions.result_rows == [(7, "seven")]
        await make_ready(bare_warehouse)
        await _goes_on(bare_warehouse)


async def test_a_table_that_an_old_home_lost_is_named(bare_warehouse: ClickHouseWarehouse) -> None:
    await as_it_was(bare_warehouse, 15)
    await bare_warehouse.client.command("DROP TABLE swarm.salvaged SYNC")
    with pytest.raises(SchemaMismatch, match=r"swarm\.salvaged is gone.*recorded anew"):
        await bare_warehouse.migrate()
