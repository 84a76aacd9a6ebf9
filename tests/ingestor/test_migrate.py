"""Is there one schema, whoever makes it and however often, and does it hold all that the contract
has?
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from enchanted.events.v1.action_outcome_pb2 import CostProvenance, OutcomeStatus
from enchanted.events.v1.alarm_pb2 import AlarmSeverity
from enchanted.events.v1.swarm_event_pb2 import AgentRole, EventType, SwarmEvent
from ingestor import schema
from ingestor.column_type import OtherType, UnknownElement, grown
from ingestor.contract_columns import Column, events, landing
from ingestor.ingest_schema import (
    EXTRA_COLUMNS,
    FIRST_EXTRA_COLUMN_NUMBER,
    LAST_EXTRA_COLUMN_NUMBER,
    ingest_schema,
)
from ingestor.row_encoder import RowEncoder
from ingestor.schema import SchemaMismatch, from_scratch, migrations
from ingestor.view_files import View, views
from ingestor.warehouse import ClickHouseWarehouse
from tests.ingestor.ingestor_samples import batch, batch_of, event, frame
from tests.ingestor.kept_home.home import as_it_was, there
from tests.ready_warehouse import make_ready
from tests.real_servers import ClickHouseServer


async def definitions(warehouse: ClickHouseWarehouse) -> list[tuple[str, str]]:
    result = await warehouse.client.query(
        "SELECT name, create_table_query FROM system.tables WHERE database = 'swarm' ORDER BY name"
    )
    return [(str(name), str(text)) for name, text in result.result_rows]


class Killed(BaseException):
    """What a process feels of SIGKILL."""


@contextmanager
def killed_after(warehouse: ClickHouseWarehouse, statements: int) -> Iterator[None]:
    """A start that gets so far and no further."""
    command, done = warehouse.client.command, 0

    async def counted(*words: Any, **options: Any) -> Any:
        nonlocal done
        if done == statements:
            raise Killed
        done += 1
        return await command(*words, **options)

    warehouse.client.command = counted  # type: ignore[method-assign]
    try:
        yield
    except Killed:
        pass
    finally:
        warehouse.client.command = command  # type: ignore[method-assign]


async def test_migrating_twice_changes_nothing(bare_warehouse: ClickHouseWarehouse) -> None:
    todo = await bare_warehouse.pending_migrations()
    assert todo[0] == "table events"
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
    bare_warehouse: ClickHouseWarehouse, clickhouse_server: ClickHouseServer
) -> None:
    others = [await ClickHouseWarehouse.connect(clickhouse_server.url) for _ in range(3)]
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


@pytest.mark.parametrize("number", [0, 15], ids=["from scratch", "an older home"])
async def test_a_start_may_be_killed_between_any_statements(
    bare_warehouse: ClickHouseWarehouse, number: int
) -> None:
    """Each start gets further than the one before, from where that one stopped."""
    await bare_warehouse.migrate()
    wanted = await there(bare_warehouse)
    await as_it_was(bare_warehouse, number)
    for statements in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 21, 34, 55):
        with killed_after(bare_warehouse, statements):
            await bare_warehouse.migrate()
            pytest.fail("it is killed before it is ready")
    await bare_warehouse.migrate()
    assert await bare_warehouse.pending_migrations() == ()
    assert await there(bare_warehouse) == wanted


async def test_every_statement_can_be_run_again(bare_warehouse: ClickHouseWarehouse) -> None:
    await bare_warehouse.migrate()
    once = await definitions(bare_warehouse)
    for statement in from_scratch():
        await bare_warehouse.client.command(statement)
    assert await definitions(bare_warehouse) == once


async def test_a_changed_migration_is_refused(
    bare_warehouse: ClickHouseWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bare_warehouse.migrate()
    first, *others = migrations()
    changed = schema.SchemaStep(
        name=first.name, number=first.number, statements=(), checksum="changed"
    )
    monkeypatch.setattr(schema, "migrations", lambda: (changed, *others))
    for look in (bare_warehouse.pending_migrations, bare_warehouse.migrate):
        with pytest.raises(SchemaMismatch, match=r"\d{4} baseline was applied with another text"):
            await look()


@pytest.mark.parametrize("lost", ["events", "epochs", "foreign_rows"])
async def test_a_table_that_is_gone_is_named(
    bare_warehouse: ClickHouseWarehouse, lost: str
) -> None:
    await bare_warehouse.migrate()
    once = await definitions(bare_warehouse)
    await bare_warehouse.client.command(f"DROP TABLE swarm.{lost} SYNC")
    for look in (bare_warehouse.pending_migrations, bare_warehouse.migrate):
        with pytest.raises(SchemaMismatch, match=rf"swarm\.{lost} is gone.*recorded anew"):
            await look()
    assert await bare_warehouse.restore(dry_run=True) == (lost,)
    assert await bare_warehouse.restore(dry_run=False) == (lost,)
    assert await definitions(bare_warehouse) == once


@pytest.mark.parametrize("lost", ["decisions", "landing", "landing_to_events"])
async def test_what_holds_nothing_is_made_again(
    bare_warehouse: ClickHouseWarehouse, lost: str
) -> None:
    await bare_warehouse.migrate()
    once = await definitions(bare_warehouse)
    await bare_warehouse.client.command(f"DROP TABLE swarm.{lost} SYNC")
    assert await bare_warehouse.migrate() != ()
    assert await definitions(bare_warehouse) == once
    await make_ready(bare_warehouse)
    await bare_warehouse.insert(batch_of(RowEncoder(epoch=1, writer=1), range(1, 4)))
    assert (await bare_warehouse.audit(1)).stored == 3


async def test_only_a_view_that_changed_is_made_anew(
    bare_warehouse: ClickHouseWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And those that read it: the types of their columns may be others."""
    await bare_warehouse.migrate()
    texts = {view.name: view.text for view in views()}
    texts["task_steps"] = texts["task_steps"].replace("-- which task", "-- which of the tasks")
    monkeypatch.setattr("ingestor.view_files._texts", lambda: texts)
    changed = tuple(View(name=view.name, text=texts[view.name]) for view in views())
    monkeypatch.setattr(schema, "views", lambda: changed)
    assert await bare_warehouse.migrate() == ("view task_steps", "view tasks")
    comments = await bare_warehouse.client.query(
        "SELECT comment FROM system.columns WHERE table = 'task_steps' AND name = 'task_id'"
    )
    assert comments.result_rows == [("which of the tasks",)]


async def test_a_view_that_is_no_more_is_dropped(
    bare_warehouse: ClickHouseWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bare_warehouse.migrate()
    left = tuple(view for view in views() if view.name != "parked")
    monkeypatch.setattr(schema, "views", lambda: left)
    assert await bare_warehouse.migrate() == ("view parked",)
    assert await bare_warehouse.migrate() == ()
    assert "parked" not in dict(await definitions(bare_warehouse))


async def test_a_newer_database_is_refused(
    bare_warehouse: ClickHouseWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a migration, by the version that made a view, by a column, and by a column's element."""
    client = bare_warehouse.client
    await bare_warehouse.migrate()
    monkeypatch.setattr(schema, "own_version", lambda: "0.0.9")
    with pytest.raises(SchemaMismatch, match="made by version .* run the newer version"):
        await bare_warehouse.migrate()
    monkeypatch.undo()
    await client.command("ALTER TABLE swarm.events ADD COLUMN tomorrow String")
    with pytest.raises(SchemaMismatch, match="column tomorrow, which this version does not know"):
        await bare_warehouse.migrate()
    await client.command("ALTER TABLE swarm.events DROP COLUMN tomorrow")
    kind = next(each.type for each in events() if each.name == "halt_ordered")
    more = f"{kind.removesuffix(')')}, tomorrow String)"
    await client.command(f"ALTER TABLE swarm.events MODIFY COLUMN halt_ordered {more}")
    with pytest.raises(SchemaMismatch, match="halt_ordered has an element tomorrow"):
        await bare_warehouse.migrate()
    await client.command("DROP DATABASE swarm SYNC")
    await bare_warehouse.migrate()
    await client.command(
        "INSERT INTO swarm.migrations SELECT max(number) + 1, 'tomorrow', '', now64()"
        " FROM swarm.migrations"
    )
    with pytest.raises(SchemaMismatch, match="does not know"):
        await bare_warehouse.migrate()


async def test_a_column_of_another_type_is_refused(bare_warehouse: ClickHouseWarehouse) -> None:
    await bare_warehouse.migrate()
    await bare_warehouse.client.command(
        "ALTER TABLE swarm.events MODIFY COLUMN span_id FixedString(16)"
    )
    with pytest.raises(SchemaMismatch, match=r"span_id is FixedString\(16\).*wants String"):
        await bare_warehouse.migrate()


async def test_a_contract_that_grows_needs_no_migration(
    bare_warehouse: ClickHouseWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new field, and a new element of one: both are there after the next start."""
    older = [
        Column(name=each.name, type="Tuple(reason String)", comment="older", codec=each.codec)
        if each.name == "halt_ordered"
        else each
        for each in events()
        if each.name != "circuit_opened"
    ]
    with monkeypatch.context() as yesterday:
        yesterday.setattr(schema, "events", lambda: tuple(older))
        yesterday.setattr(schema, "_door_steps", lambda there: ())
        yesterday.setattr(schema, "views", lambda: ())
        await bare_warehouse.migrate()
        await bare_warehouse.client.command(
            "INSERT INTO swarm.events (epoch, seq, recorded_at, halt_ordered)"
            " VALUES (1, 1, '2026-11-21 09:00:00', tuple('because'))"
        )
    await bare_warehouse.migrate()
    rows = await bare_warehouse.client.query(
        "SELECT halt_ordered.reason, halt_ordered.now, circuit_opened.playbook FROM swarm.events"
    )
    assert rows.result_rows == [("because", False, "")]
    upgraded = await there(bare_warehouse)
    await bare_warehouse.client.command("DROP DATABASE swarm SYNC")
    await bare_warehouse.migrate()
    assert await there(bare_warehouse) == upgraded


def test_how_a_type_may_grow() -> None:
    both = "Tuple(a String, b Array(Tuple(c LowCardinality(String), d Nullable(Int8))))"
    assert grown(both, both) == both
    assert grown("Tuple(b Array(Tuple(d Nullable(Int8))), a String)", both) == (
        "Tuple(b Array(Tuple(d Nullable(Int8), c LowCardinality(String))), a String)"
    )
    assert grown("DateTime64(9, 'UTC')", "DateTime64(9, 'UTC')") == "DateTime64(9, 'UTC')"
    for actual in ("String", "Tuple(a Int8)", "Array(Tuple(a String))", "Nullable(String)"):
        with pytest.raises(OtherType):
            grown(actual, both)
    with pytest.raises(OtherType):
        grown("Map(String, String)", "Map(String, Int8)")
    with pytest.raises(UnknownElement, match="^e$"):
        grown("Tuple(a String, b Array(Tuple(c LowCardinality(String), e Int8)))", both)


def test_numbers_have_no_gap() -> None:
    numbers = [migration.number for migration in migrations()]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


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


def test_every_field_of_the_contract_has_a_column() -> None:
    names = {field.name for field in SwarmEvent.DESCRIPTOR.fields}
    assert names <= {each.name for each in events()}
    assert names <= {each.name for each in landing()}
    types = {each.name: each.type for each in events()}
    assert types["trace_id"] == "String"
    assert types["agent_role"] == types["agent_id"] == "LowCardinality(String)"
    assert types["timestamp"] == "Nullable(DateTime64(9, 'UTC'))"
    assert types["incident_closed"] == (
        "Tuple(incident_id String, recovered Bool, root_cause String,"
        " timeline Array(Tuple(after_seconds Float64, text String)), duration_seconds Float64)"
    )
    assert types["incident_escalated"].startswith(
        "Tuple(incident_id String, incident_class LowCardinality(String)"
    )
    doors = {each.name: each.type for each in landing()}
    assert doors["incident_escalated"].startswith("Tuple(incident_id String, incident_class Int32")


@pytest.mark.parametrize("view", views(), ids=lambda view: view.name)
def test_every_column_of_a_view_says_what_it_is(view: View) -> None:
    assert len(view.comment) > 10
    assert all(view.columns.values())
    assert len(view.columns) > 3


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
    framer = RowEncoder(epoch=1, writer=1)
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
    numbers = [extra.number for extra in EXTRA_COLUMNS]
    assert len(set(numbers)) == len(numbers)
    assert min(numbers) == FIRST_EXTRA_COLUMN_NUMBER
    assert max(numbers) == LAST_EXTRA_COLUMN_NUMBER
    names = {field.name for field in SwarmEvent.DESCRIPTOR.fields}
    for field in SwarmEvent.DESCRIPTOR.fields:
        assert not FIRST_EXTRA_COLUMN_NUMBER <= field.number <= LAST_EXTRA_COLUMN_NUMBER
    assert not names & {extra.name for extra in EXTRA_COLUMNS}


def test_the_ingest_schema_fits_into_a_request_line() -> None:
    usual = frozenset({"decision", "action_outcome", "state_change", "system_signal"})
    assert len(ingest_schema(usual)) < 3000, "many servers refuse request lines above 8 KiB"
    assert len(ingest_schema()) < 64_000, "ClickHouse itself refuses those above 1 MiB"
    assert 'import "' not in ingest_schema()
