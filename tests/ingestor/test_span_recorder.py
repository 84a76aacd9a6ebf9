"""Do spans get from the bus into the table once, however often their recorder begins anew, and
never before events?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from ingestor import span_recorder
from ingestor.span_recorder import SpanRecorder
from ingestor.span_table import SpanTable
from ingestor.warehouse import ClickHouseWarehouse
from nervous_system import names
from nervous_system.bus import Bus
from nervous_system.cancelling import cancel
from nervous_system.settings import MeshSettings
from nervous_system.telemetry.metrics import Metrics
from nervous_system.transport.stream import Stream
from nervous_system.transport.telemetry_stream import ensure_telemetry, send_spans
from tests.ingestor.test_span_rows import message, span

PATIENCE_SECONDS = 300.0
LOST = "ganglion_spans_lost_total"


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for nothing that a test would wait for."""
    for name in ("GATHER_SECONDS", "YIELD_SECONDS", "AGAIN_SECONDS"):
        monkeypatch.setattr(span_recorder, name, 0.05)


@asynccontextmanager
async def recording(
    bus: Bus,
    warehouse: ClickHouseWarehouse,
    settings: MeshSettings,
    *,
    metrics: Metrics | None = None,
    events_wait: Callable[[], bool] = lambda: False,
) -> AsyncIterator[SpanRecorder]:
    recorder = SpanRecorder(
        bus=bus,
        table=SpanTable(warehouse.client),
        settings=settings,
        metrics=metrics or Metrics(),
        events_wait=events_wait,
    )
    task = asyncio.create_task(recorder.run())
    try:
        yield recorder
    finally:
        await cancel(task)


async def send(bus: Bus, *numbers: int, source: str = "coder") -> None:
    """One message with these spans."""
    data = message(*(span(each, name=f"work {each}") for each in numbers)).data
    await send_spans(bus.connection, source, data)


async def stored(warehouse: ClickHouseWarehouse) -> list[str]:
    found = await warehouse.client.query("SELECT name FROM swarm.spans ORDER BY span_id")
    return [str(row[0]) for row in found.result_rows]


async def until_stored(warehouse: ClickHouseWarehouse, *numbers: int) -> None:
    wanted = [f"work {each}" for each in numbers]
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await stored(warehouse) != wanted:  # noqa: ASYNC110 - the engine tells nobody
            await asyncio.sleep(0.05)


async def test_each_is_stored_once_however_often_it_begins_anew(
    bus: Bus, warehouse: ClickHouseWarehouse, mesh_settings: MeshSettings
) -> None:
    await ensure_telemetry(bus.connection, mesh_settings)
    await send(bus, 1, 2)
    for number in (3, 4):
        async with recording(bus, warehouse, mesh_settings) as recorder:
            await until_stored(warehouse, *range(1, number))
            await send(bus, number)
            await until_stored(warehouse, *range(1, number + 1))
        assert recorder.lost == 0


async def test_a_home_without_the_stream_gets_it(
    bus: Bus, warehouse: ClickHouseWarehouse, mesh_settings: MeshSettings
) -> None:
    async with recording(bus, warehouse, mesh_settings):
        stream = Stream(bus.connection, name=names.TELEMETRY_STREAM)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await stream.configuration_or_none() is None:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await send(bus, 1)
        await until_stored(warehouse, 1)
        # It is removed under its hands, and made anew: positions begin with 1 again.
        await bus.connection.request_json(f"$JS.API.STREAM.DELETE.{names.TELEMETRY_STREAM}", {})
        await ensure_telemetry(bus.connection, mesh_settings)
        await send(bus, 2)
        await until_stored(warehouse, 1, 2)


async def test_while_events_wait_spans_wait(
    bus: Bus, warehouse: ClickHouseWarehouse, mesh_settings: MeshSettings
) -> None:
    asked = asyncio.Event()
    waiting = True

    def events_wait() -> bool:
        asked.set()
        return waiting

    await ensure_telemetry(bus.connection, mesh_settings)
    await send(bus, 1)
    async with recording(bus, warehouse, mesh_settings, events_wait=events_wait):
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asked.wait()
            asked.clear()
            await asked.wait()
        assert await stored(warehouse) == []
        waiting = False
        await until_stored(warehouse, 1)


async def test_messages_that_the_stream_let_go_are_counted(
    bus: Bus, warehouse: ClickHouseWarehouse, mesh_settings: MeshSettings
) -> None:
    await ensure_telemetry(bus.connection, mesh_settings)
    await send(bus, 1)
    async with recording(bus, warehouse, mesh_settings):
        await until_stored(warehouse, 1)
    for number in (2, 3, 4):
        await send(bus, number)
    for sequence in (2, 3):
        subject = f"$JS.API.STREAM.MSG.DELETE.{names.TELEMETRY_STREAM}"
        await bus.connection.request_json(subject, {"seq": sequence})
    metrics = Metrics()
    async with recording(bus, warehouse, mesh_settings, metrics=metrics):
        await until_stored(warehouse, 1, 4)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while metrics.value(LOST, reason="discarded") != 2:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def test_a_table_that_is_away_is_waited_for(
    bus: Bus,
    warehouse: ClickHouseWarehouse,
    mesh_settings: MeshSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(span_recorder, "MAX_REFUSALS", 1_000_000)
    await ensure_telemetry(bus.connection, mesh_settings)
    await warehouse.client.command("RENAME TABLE swarm.span_rows TO swarm.aside")
    async with recording(bus, warehouse, mesh_settings) as recorder:
        await send(bus, 1)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not recorder._told:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await warehouse.client.command("RENAME TABLE swarm.aside TO swarm.span_rows")
        await until_stored(warehouse, 1)
    assert recorder.lost == 0


async def test_what_the_engine_never_takes_is_lost_alone(
    bus: Bus, warehouse: ClickHouseWarehouse, mesh_settings: MeshSettings
) -> None:
    await ensure_telemetry(bus.connection, mesh_settings)
    await warehouse.client.command(
        "ALTER TABLE swarm.span_rows ADD CONSTRAINT no_first CHECK name != 'work 1'"
    )
    async with recording(bus, warehouse, mesh_settings) as recorder:
        await send(bus, 1)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not recorder.lost:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await send(bus, 2)
        await until_stored(warehouse, 2)
    assert recorder.lost == 1
