"""Failure mode 5: ClickHouse is away, slow, breaks off, does not answer, or refuses. Is anything
lost?"""

from __future__ import annotations

import asyncio

import clickhouse_connect
import pytest

from tests.events_under_test import labels
from tests.faults.fault_proxy import fault_proxy
from tests.faults.mesh_under_test import Mesh, until
from tests.real_servers import ClickHouseServer


@pytest.mark.parametrize("count", [3_000, pytest.param(50_000, marks=pytest.mark.long)])
async def test_clickhouse_is_down_for_long(
    mesh_of_its_own: Mesh, own_clickhouse: ClickHouseServer, count: int
) -> None:
    """The lag grows on the log, and drains in order."""
    mesh = mesh_of_its_own
    async with mesh.publishing() as publishing:
        ingestor = mesh.ingestor()
        await ingestor.records()
        await publishing.all(labels("before", 500))
        own_clickhouse.kill()
        await publishing.all(labels("meanwhile", count))
        await ingestor.says("ingestor.waiting")

        async def lag_is_known() -> bool:
            return (await ingestor.fact("lag") or 0) >= count

        await until(lag_is_known, "the lag being told")
        await asyncio.to_thread(own_clickhouse.start)
        await publishing.all(labels("after", 100))
        report = await mesh.law()
    assert report.counts["stored"] == count + 600


@pytest.mark.long
async def test_an_ingestor_started_before_clickhouse(
    mesh_of_its_own: Mesh, own_clickhouse: ClickHouseServer
) -> None:
    """It waits, also for a stop, and begins as soon as there is something to write to."""
    mesh = mesh_of_its_own
    own_clickhouse.kill()
    async with mesh.publishing() as publishing:
        await publishing.all(labels("early", 200))
        ended = mesh.ingestor()
        await ended.says("service.waiting")
        assert await asyncio.to_thread(ended.terminate, seconds=300) == 0, ended.told
        ingestor = mesh.ingestor()
        await ingestor.says("service.waiting")
        await asyncio.to_thread(own_clickhouse.start)
        await mesh.law()


@pytest.mark.long
async def test_sigterm_while_clickhouse_is_silent(mesh: Mesh) -> None:
    """Failure mode 15: the drain has a deadline; what is not stored is on the log."""
    async with mesh.publishing() as publishing, fault_proxy(mesh.clickhouse_url) as proxy:
        ingestor = mesh.ingestor(clickhouse_url=proxy.url)
        await ingestor.records()
        proxy.faults.passing.clear()
        await publishing.all(labels("unheard", 300))
        assert await asyncio.to_thread(ingestor.terminate, seconds=300) == 0, ingestor.told
        assert "stays on the log" in ingestor.told
        mesh.ingestor()
        await mesh.law()


async def test_answers_are_lost_after_the_commit(mesh: Mesh) -> None:
    """The batch is in the table and the ingestor does not know it."""
    async with mesh.publishing() as publishing, fault_proxy(mesh.clickhouse_url) as proxy:
        ingestor = mesh.ingestor(clickhouse_url=proxy.url, batch_events=100, catch_up_events=100)
        await ingestor.records()
        proxy.faults.lose_answers = 5
        await publishing.all(labels("unanswered", 1000))
        report = await mesh.law()
    assert proxy.faults.answers_lost == 5
    assert report.counts["stored"] == 1000


@pytest.mark.long
async def test_inserts_are_cut_off_in_their_middle(mesh: Mesh) -> None:
    """Half a body is no batch."""
    async with mesh.publishing() as publishing, fault_proxy(mesh.clickhouse_url) as proxy:
        ingestor = mesh.ingestor(clickhouse_url=proxy.url, batch_events=100, catch_up_events=100)
        await ingestor.records()
        proxy.faults.cut_requests = 5
        await publishing.all(labels("cut", 1000), rationale="y" * 2_000)
        report = await mesh.law()
    assert proxy.faults.requests_cut == 5
    assert report.counts["stored"] == 1000


@pytest.mark.long
async def test_clickhouse_is_slow(mesh: Mesh) -> None:
    """Batches grow instead of becoming more."""
    async with mesh.publishing() as publishing, fault_proxy(mesh.clickhouse_url) as proxy:
        ingestor = mesh.ingestor(clickhouse_url=proxy.url)
        await ingestor.records()
        proxy.faults.seconds_per_answer = 1.0
        for number in range(20):
            await publishing.all(labels(f"slow {number}", 500))
        await mesh.law()


WHATEVER_THE_ROW = "toUInt8(concat('not a number', toString(seq)))"
WITH_THE_FENCES_NUMBER = "throwIf(seq > 5, 'broken view')"
ON_EVENTS_ONLY = "if(event_id = '', 0, toUInt8(concat('not a number', event_id)))"


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param(WITH_THE_FENCES_NUMBER, id="with the fence's own number"),
        pytest.param(WHATEVER_THE_ROW, id="whatever the row", marks=pytest.mark.long),
        pytest.param(ON_EVENTS_ONLY, id="on events, not on parked rows", marks=pytest.mark.long),
    ],
)
async def test_a_view_on_the_door_throws(mesh: Mesh, expression: str) -> None:
    """Nothing is lost, doubled or parked for it, and all is in order when the view is gone."""
    async with mesh.publishing() as publishing:
        ingestor = mesh.ingestor()
        await ingestor.records()
        await publishing.all(labels("before", 100))
        await mesh.recorded()
        _add_view(mesh, "swarm.landing", expression)
        await publishing.all(labels("behind the view", 40))

        async def stands_or_is_through() -> bool:
            """Whether the rows were written before the view threw is the engine's choice."""
            through = (await ingestor.fact("watermark") or 0) >= 140
            return through or ingestor.told.count("ingestor.waiting") >= 2

        await until(stands_or_is_through, f"a refusal in {ingestor.log}")
        _drop_view(mesh)
        await publishing.all(labels("after", 100))
        report = await mesh.law()
    assert report.counts["parked"] == 0
    assert report.counts["epochs"] == 1


@pytest.mark.long
@pytest.mark.parametrize("expression", [WITH_THE_FENCES_NUMBER, WHATEVER_THE_ROW, ON_EVENTS_ONLY])
async def test_a_view_on_the_table_throws(mesh: Mesh, expression: str) -> None:
    """The row is there before the view sees it: recording goes on, and only the view misses out."""
    async with mesh.publishing() as publishing:
        ingestor = mesh.ingestor()
        await ingestor.records()
        _add_view(mesh, "swarm.events", expression)
        await publishing.all(labels("behind the view", 40))
        await mesh.recorded()
        _drop_view(mesh)
        await publishing.all(labels("after", 100))
        report = await mesh.law()
    assert report.counts["parked"] == 0


def _add_view(mesh: Mesh, source: str, expression: str) -> None:
    with clickhouse_connect.get_client(dsn=mesh.clickhouse_url) as client:
        client.command(
            "CREATE MATERIALIZED VIEW swarm.broken ENGINE = MergeTree ORDER BY seq AS "
            f"SELECT seq, {expression} AS thrown FROM {source}"
        )


def _drop_view(mesh: Mesh) -> None:
    with clickhouse_connect.get_client(dsn=mesh.clickhouse_url) as client:
        client.command("DROP VIEW swarm.broken SYNC")
