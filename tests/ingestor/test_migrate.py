"""Do the migrations make one schema, whoever runs them and however often, and does it hold all that
the contract has?
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from enchanted.events.v1.action_outcome_pb2 import CostProvenance, OutcomeStatus
from enchanted.events.v1.alarm_pb2 import AlarmSeverity
from enchanted.events.v1.swarm_event_pb2 import AgentRole, EventType, SwarmEvent
from ingestor.ingest_schema import (
    FIRST_RIDE_ALONG_NUMBER,
    LAST_RIDE_ALONG_NUMBER,
    RIDE_ALONG,
    ingest_schema,
    is_map,
)
from ingestor.migrate import Migration, SchemaMismatch, migrate, migrations, pending
from ingestor.warehouse import ClickHouseWarehouse


async def definitions(warehouse: ClickHouseWarehouse) -> list[tuple[str, str]]:
    result = await warehouse.client.query(
        "SELECT name, create_table_query FROM system.tables WHERE database = 'swarm' ORDER BY name"
    )
    return [(str(name), str(text)) for name, text in result.result_rows]


async def test_migrating_twice_changes_nothing(bare_warehouse: ClickHouseWarehouse) -> None:
    todo = await bare_warehouse.pending_migrations()
    assert todo[0] == "0001 positions"
    assert await bare_warehouse.migrate() == todo
    once = await definitions(bare_warehouse)
    assert await bare_warehouse.migrate() == ()
    assert await bare_warehouse.pending_migrations() == ()
    assert await definitions(bare_warehouse) == once


async def test_asking_what_is_pending_writes_nothing(bare_warehouse: ClickHouseWarehouse) -> None:
    await bare_warehouse.pending_migrations()
    exists = await bare_warehouse.client.query(
        "SELECT count() FROM system.databases WHERE name = 'swarm'"
    )
    assert exists.first_row == (0,)


async def test_migrating_at_once_is_harmless(
    bare_warehouse: ClickHouseWarehouse, clickhouse_url: str
) -> None:
    others = [await ClickHouseWarehouse.connect(clickhouse_url) for _ in range(3)]
    try:
        await asyncio.gather(*(other.migrate() for other in [bare_warehouse, *others]))
        at_once = await definitions(bare_warehouse)
        assert await bare_warehouse.pending_migrations() == ()
        await bare_warehouse.client.command("DROP DATABASE swarm SYNC")
        await bare_warehouse.migrate()
        assert await definitions(bare_warehouse) == at_once
    finally:
        for other in others:
            await other.close()


async def test_every_step_can_be_run_again_half_way(bare_warehouse: ClickHouseWarehouse) -> None:
    await bare_warehouse.migrate()
    once = await definitions(bare_warehouse)
    await bare_warehouse.client.command("DROP DATABASE swarm SYNC")
    await migrate(bare_warehouse.client, known=())
    for migration in migrations():
        for statement in (*migration.statements, *migration.statements):
            await bare_warehouse.client.command(statement)
    assert await definitions(bare_warehouse) == once


async def test_a_changed_migration_is_refused(bare_warehouse: ClickHouseWarehouse) -> None:
    await bare_warehouse.migrate()
    first, *rest = migrations()
    changed = (replace(first, sql=first.sql + "\n-- changed"), *rest)
    with pytest.raises(SchemaMismatch, match="0001 positions was applied with another text"):
        await migrate(bare_warehouse.client, known=changed)
    with pytest.raises(SchemaMismatch):
        await pending(bare_warehouse.client, known=changed)


@pytest.mark.parametrize("lost", ["events", "decisions", "landing_to_events"])
async def test_a_table_that_is_gone_is_named(
    bare_warehouse: ClickHouseWarehouse, lost: str
) -> None:
    await bare_warehouse.migrate()
    await bare_warehouse.client.command(f"DROP TABLE swarm.{lost} SYNC")
    for look in (bare_warehouse.pending_migrations, bare_warehouse.migrate):
        with pytest.raises(SchemaMismatch, match=rf"swarm\.{lost} is gone.*recorded anew"):
            await look()


async def test_a_newer_database_is_refused(bare_warehouse: ClickHouseWarehouse) -> None:
    newest = Migration(number=migrations()[-1].number + 1, name="tomorrow", sql="SELECT 1;\n")
    await migrate(bare_warehouse.client, known=(*migrations(), newest))
    with pytest.raises(SchemaMismatch, match="does not know"):
        await bare_warehouse.migrate()


def test_numbers_have_no_gap() -> None:
    assert [migration.number for migration in migrations()] == list(range(1, len(migrations()) + 1))


async def test_everything_has_a_comment(bare_warehouse: ClickHouseWarehouse) -> None:
    await bare_warehouse.migrate()
    tables = await bare_warehouse.client.query(
        "SELECT name FROM system.tables WHERE database = 'swarm' AND comment = ''"
    )
    assert tables.result_rows == []
    columns = await bare_warehouse.client.query(
        "SELECT table, name FROM system.columns WHERE database = 'swarm' AND comment = '' "
        "AND table != 'landing_to_events'"  # a path, not a place: its columns are those of events
    )
    assert columns.result_rows == []
    database = await bare_warehouse.client.query(
        "SELECT comment FROM system.databases WHERE name = 'swarm'"
    )
    assert database.first_row[0]  # type: ignore[index]


async def test_every_field_of_the_contract_has_a_column(
    bare_warehouse: ClickHouseWarehouse,
) -> None:
    """A contract that grows without a migration fails here."""
    await bare_warehouse.migrate()
    for table in ("landing", "events"):
        rows = await bare_warehouse.client.query(
            "SELECT name, type FROM system.columns "
            "WHERE database = 'swarm' AND table = {table:String}",
            parameters={"table": table},
        )
        columns = {str(name): str(kind) for name, kind in rows.result_rows}
        for field in SwarmEvent.DESCRIPTOR.fields:
            assert field.name in columns, f"swarm.{table} has no column for {field.full_name}"
            if field.name == "timestamp":
                continue
            if field.type == FieldDescriptor.TYPE_MESSAGE:
                assert columns[field.name] == _type_of(field, names=table == "events"), (
                    field.full_name
                )


@pytest.mark.parametrize(
    ("column", "enum"),
    [
        ("agent_role", AgentRole),
        ("event_type", EventType),
        ("action_outcome.status", OutcomeStatus),
        ("action_outcome.cost_provenance", CostProvenance),
        ("alarm_raised.severity", AlarmSeverity),
    ],
)
async def test_every_enum_value_of_the_contract_has_its_name(
    warehouse: ClickHouseWarehouse, column: str, enum: type
) -> None:
    from ingestor.frames import Framer
    from tests.ingestor.ingestor_samples import batch, event, frame

    framer = Framer(epoch=1, writer=1)
    frames, expected = [], []
    prefix = {
        "AgentRole": "ROLE_",
        "EventType": "TYPE_",
        "OutcomeStatus": "OUTCOME_",
        "CostProvenance": "COST_",
    }.get(enum.DESCRIPTOR.name, "SEVERITY_")  # type: ignore[attr-defined]
    owner, _, name = column.rpartition(".")
    for seq, value in enumerate(enum.DESCRIPTOR.values, start=1):  # type: ignore[attr-defined]
        message = event(seq, kind=owner or "decision")
        setattr(getattr(message, owner) if owner else message, name, value.number)
        frames.append(frame(framer, seq, message))
        expected.append((value.name.removeprefix(prefix).lower(),))
    await warehouse.insert(batch(framer, 1, *frames))
    rows = await warehouse.client.query(f"SELECT {column} FROM swarm.events ORDER BY seq")
    assert rows.result_rows == expected


def test_what_rides_along_never_meets_the_contract() -> None:
    numbers = [extra.number for extra in RIDE_ALONG]
    assert len(set(numbers)) == len(numbers)
    assert min(numbers) == FIRST_RIDE_ALONG_NUMBER
    assert max(numbers) == LAST_RIDE_ALONG_NUMBER
    names = {field.name for field in SwarmEvent.DESCRIPTOR.fields}
    for field in SwarmEvent.DESCRIPTOR.fields:
        assert not FIRST_RIDE_ALONG_NUMBER <= field.number <= LAST_RIDE_ALONG_NUMBER
    assert not names & {extra.name for extra in RIDE_ALONG}


def test_the_ingest_schema_fits_into_a_request_line() -> None:
    usual = frozenset({"decision", "action_outcome", "state_change", "system_signal"})
    assert len(ingest_schema(usual)) < 3000, "many servers refuse request lines above 8 KiB"
    assert len(ingest_schema()) < 64_000, "ClickHouse itself refuses those above 1 MiB"
    assert 'import "' not in ingest_schema()


_CLICKHOUSE_TYPES = {
    FieldDescriptor.TYPE_STRING: "String",
    FieldDescriptor.TYPE_BOOL: "Bool",
    FieldDescriptor.TYPE_INT32: "Int32",
    FieldDescriptor.TYPE_UINT32: "UInt32",
    FieldDescriptor.TYPE_INT64: "Int64",
    FieldDescriptor.TYPE_UINT64: "UInt64",
    FieldDescriptor.TYPE_FLOAT: "Float32",
    FieldDescriptor.TYPE_DOUBLE: "Float64",
}


def _type_of(field: FieldDescriptor, *, names: bool) -> str:
    if is_map(field):
        return "Map(LowCardinality(String), String)"
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        message: Descriptor | None = field.message_type
        assert message is not None
        inner = ", ".join(f"{sub.name} {_type_of(sub, names=names)}" for sub in message.fields)
        kind = f"Tuple({inner})"
    elif field.type == FieldDescriptor.TYPE_ENUM:
        kind = "LowCardinality(String)" if names else "Int32"
    else:
        kind = _CLICKHOUSE_TYPES[field.type]
    oneof = field.containing_oneof
    if oneof is not None and oneof.name == f"_{field.name}":
        kind = f"Nullable({kind})"
    return f"Array({kind})" if field.is_repeated else kind
