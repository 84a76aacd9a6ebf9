"""What does the warehouse say, and what is left, when ClickHouse is not there, is killed, or
refuses?
"""

from __future__ import annotations

import asyncio
import socket

import pytest

from ingestor.model import Watermark
from ingestor.row_encoder import RowEncoder
from ingestor.statements import statement
from ingestor.warehouse import ClickHouseWarehouse
from nervous_system.clickhouse.error_families import (
    FENCED,
    TooLargeNow,
    Unmigrated,
    family_of,
)
from nervous_system.errors import Fenced, Forbidden, Permanent, Transient, Unavailable
from tests.ingestor.ingestor_samples import batch_of
from tests.ready_warehouse import make_ready
from tests.real_servers import ClickHouseServer

FIRST = RowEncoder(epoch=1, writer=1)


async def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Unavailable, match=f"127.0.0.1:{port}"):
        await ClickHouseWarehouse.connect(f"http://user:secret@127.0.0.1:{port}")


async def test_the_sentence_does_not_tell_the_password() -> None:
    with pytest.raises(Unavailable) as caught:
        await ClickHouseWarehouse.connect("http://user:secret@127.0.0.1:1")
    assert "secret" not in str(caught.value)


async def test_without_a_schema_the_refusal_is_permanent(
    bare_warehouse: ClickHouseWarehouse,
) -> None:
    with pytest.raises(Permanent, match="migrate"):
        await bare_warehouse.insert(batch_of(FIRST, range(1, 11)))


async def test_what_was_inserted_survives_kill_9(own_clickhouse: ClickHouseServer) -> None:
    warehouse = await ClickHouseWarehouse.connect(own_clickhouse.url)
    try:
        await make_ready(warehouse)
        await warehouse.insert(batch_of(FIRST, range(1, 2001)))
        own_clickhouse.kill()
        with pytest.raises(Transient):
            await warehouse.insert(batch_of(FIRST, range(2001, 3001)))
        own_clickhouse.start()
        assert await warehouse.watermark() == Watermark(epoch=1, seq=2000)
        # The same bytes again: the deduplication log survived too.
        await warehouse.insert(batch_of(FIRST, range(1, 2001)))
        await warehouse.insert(batch_of(FIRST, range(2001, 3001)))
        audit = await warehouse.audit(1)
        assert (audit.rows, audit.sound) == (3000, True)
    finally:
        await warehouse.close()


@pytest.mark.parametrize("source", ["swarm.landing", "swarm.events"])
async def test_a_view_that_throws_loses_and_doubles_nothing(
    warehouse: ClickHouseWarehouse, source: str
) -> None:
    await warehouse.client.command(
        "CREATE MATERIALIZED VIEW swarm.broken ENGINE = MergeTree ORDER BY seq AS "
        f"SELECT seq, throwIf(seq > 5, 'broken view') AS thrown FROM {source}"
    )
    with pytest.raises(Unavailable, match="another view"):
        await warehouse.insert(batch_of(FIRST, range(1, 11)))
    assert (await warehouse.audit(1)).rows in (0, 10)
    await warehouse.client.command("DROP VIEW swarm.broken SYNC")
    await warehouse.insert(batch_of(FIRST, range(1, 11)))
    audit = await warehouse.audit(1)
    assert (audit.rows, audit.sound) == (10, True)


async def test_take_over_waits_for_the_insert_that_is_under_way(
    warehouse: ClickHouseWarehouse, clickhouse_server: ClickHouseServer
) -> None:
    """An insert that has passed the fence must be over, one way or the other, before the watermark
    is read.
    """
    await warehouse.client.command(
        "CREATE MATERIALIZED VIEW swarm.a_slow_view ENGINE = Null AS "
        "SELECT sleepEachRow(0.02) AS slept FROM swarm.landing"
    )
    slow = asyncio.create_task(warehouse.insert(batch_of(FIRST, range(1, 101))))
    other = await ClickHouseWarehouse.connect(clickhouse_server.url)
    try:
        while not (await other.client.query(statement("inserts_in_flight"))).first_row[0]:  # type: ignore[index]
            assert not slow.done(), "the insert was meant to be slow"
        assert await other.take_over("second") == 2
        first_look = await other.watermark()
        (outcome,) = await asyncio.gather(slow, return_exceptions=True)
        assert outcome is None or isinstance(outcome, Transient | Fenced)
        assert await other.watermark() == first_look
        assert first_look is not None
        await warehouse.client.command("DROP VIEW swarm.a_slow_view SYNC")
        rest = range(first_look.seq + 1, 201)
        await other.insert(batch_of(RowEncoder(epoch=1, writer=2), rest))
        audit = await other.audit(1)
        assert (audit.rows, audit.sound) == (200, True)
    finally:
        await other.close()


@pytest.mark.parametrize(
    ("code", "family"),
    [
        (None, Unavailable),
        (FENCED, Fenced),
        (159, Unavailable),
        (202, Unavailable),
        (210, Unavailable),
        (241, TooLargeNow),
        (243, Unavailable),
        (252, Unavailable),
        (516, Forbidden),
        (497, Forbidden),
        (60, Unmigrated),
        (62, Permanent),
        (33, Permanent),
        (16, Permanent),
    ],
)
def test_the_family_follows_from_the_number(code: int | None, family: type[Exception]) -> None:
    assert type(family_of(code, "doing something")) is family


async def test_rows_that_go_nowhere_are_noticed(warehouse: ClickHouseWarehouse) -> None:
    """Without its view the door would take every batch and keep none."""
    await warehouse.client.command("DETACH VIEW swarm.landing_to_events")
    with pytest.raises(Unavailable, match="stored them nowhere"):
        await warehouse.insert(batch_of(FIRST, range(1, 11)))
    await warehouse.client.command("ATTACH TABLE swarm.landing_to_events")
    await warehouse.insert(batch_of(FIRST, range(1, 11)))
    assert (await warehouse.audit(1)).stored == 10
