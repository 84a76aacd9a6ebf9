"""Does this database have the schema that this code needs, and how does it get it?

What is to be done is worked out from what is there (`schema.py`), so a start that stopped half-way
is simply begun again, and two ingestors starting at once do the same work twice without harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from clickhouse_connect.driver.asyncclient import AsyncClient

from ingestor.clickhouse import ganglion_errors
from ingestor.schema import (
    ColumnThere,
    RecordedStep,
    SchemaStep,
    There,
    gone,
    own_version,
    steps,
)
from ingestor.statements import statement
from nervous_system.clickhouse.error_families import Replaced

MAX_TRIES: Final = 20
"""Of a step whose view another start replaces: each of those is a race that one of the two wins."""


async def pending(client: AsyncClient) -> tuple[SchemaStep, ...]:
    """What is still to be done. Writes nothing. Raises SchemaMismatch, as `schema.steps`."""
    return steps(await _look(client))


async def migrate(client: AsyncClient) -> tuple[SchemaStep, ...]:
    """Brings database `swarm` up to date and returns what was done. Doing it twice, or two at once,
    is harmless.

    Raises SchemaMismatch, Unavailable, Forbidden or Permanent.
    """
    await _prepare(client)
    todo = await pending(client)
    await _take(client, todo)
    return todo


async def restore(client: AsyncClient, *, dry_run: bool) -> tuple[str, ...]:
    """Makes tables and views that are gone again, and returns their names. What was in them is not
    restored. Raises SchemaMismatch.
    """
    there = await _look(client)
    lost = gone(there)
    if lost and not dry_run:
        await _take(client, steps(there, lost_as_new=True))
    return lost


async def _prepare(client: AsyncClient) -> None:
    """The database, and where is remembered what was done to it."""
    with ganglion_errors("creating the database swarm and its tables of migrations"):
        await client.command(statement("create_database"))
        await client.command(statement("create_migrations_table"))
        await client.command(statement("create_definitions_table"))


async def _look(client: AsyncClient) -> There:
    async def rows(name: str) -> Sequence[Sequence[Any]]:
        return (await client.query(statement(name))).result_rows

    with ganglion_errors("looking which schema there is"):
        tables = frozenset(str(name) for (name,) in await rows("tables"))
        columns: dict[str, dict[str, ColumnThere]] = {}
        for table, name, kind, filled_by, comment in await rows("columns_there"):
            columns.setdefault(table, {})[name] = ColumnThere(
                type=kind, filled_by=filled_by, comment=comment
            )
        applied = await rows("applied_migrations") if "migrations" in tables else ()
        recorded = await rows("definitions") if "definitions" in tables else ()
    return There(
        tables=tables,
        columns=columns,
        applied={int(number): str(checksum) for number, checksum in applied},
        recorded={
            str(name): RecordedStep(checksum=str(checksum), version=str(version))
            for name, checksum, version in recorded
        },
    )


async def _take(client: AsyncClient, todo: Sequence[SchemaStep]) -> None:
    """What has no number is remembered in one go: what is not, is done once more."""
    for step in todo:
        await _take_step(client, step)
    derived = [step for step in todo if not step.number]
    if derived:
        with ganglion_errors("remembering what was made"):
            await client.command(
                statement("record_definitions"),
                parameters={
                    "names": [step.name for step in derived],
                    "checksums": [step.checksum for step in derived],
                    "version": own_version(),
                },
            )


async def _take_step(client: AsyncClient, step: SchemaStep) -> None:
    for left in reversed(range(MAX_TRIES)):
        try:
            await _run_step(client, step)
        except Replaced:
            if not left:
                raise
        else:
            return


async def _run_step(client: AsyncClient, step: SchemaStep) -> None:
    with ganglion_errors(f"bringing the schema up to date: {step.title}"):
        for text in step.statements:
            await client.command(text)
        if step.number:
            await client.command(
                statement("record_migration"),
                parameters={
                    "number": step.number,
                    "name": step.name,
                    "checksum": step.checksum,
                },
            )
