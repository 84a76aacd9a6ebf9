"""Does this database have the schema that this code needs, and how does it get it?

Migrations are the files `NNNN_name.sql` in `migrations/`, numbered without gaps. Each statement may
run twice, so one that stopped half-way is run again, and two ingestors migrating at once do the
same work twice without harm. A migration that was applied never changes: its checksum is kept, and
a file that differs from it is refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from clickhouse_connect.driver.asyncclient import AsyncClient

from ingestor.clickhouse import ganglion_errors
from ingestor.statements import statement
from nervous_system.errors import Fatal

_TABLE = re.compile(
    r"^(CREATE|DROP)\b[A-Z ]*?(?:TABLE|VIEW) (?:IF (?:NOT )?EXISTS )?swarm\.(\w+)", re.MULTILINE
)
_FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")


class SchemaMismatch(Fatal):
    """The database's schema is not one that this code can bring up to date."""


class LostTables(SchemaMismatch):
    """Tables or views that a migration made are gone."""

    def __init__(self, tables: tuple[str, ...]) -> None:
        self.tables = tables
        super().__init__(
            f"swarm.{tables[0]} is gone, though its migration was applied: run `ganglion repair`,"
            " which makes it again; what is on the log is recorded anew, what is not, only a backup"
            " can bring"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step of the schema."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, hex."""
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def statements(self) -> list[str]:
        """The statements in order. In our files a semicolon ends a line only where it ends a
        statement.
        """
        parts = re.split(r";[ \t]*$", self.sql, flags=re.MULTILINE)
        return [part.strip() for part in parts if _has_code(part)]


def migrations() -> tuple[Migration, ...]:
    """All migrations that this code has, in order."""
    found = []
    for file in (files("ingestor") / "migrations").iterdir():
        match = _FILE_NAME.fullmatch(file.name)
        if match:
            found.append(
                Migration(number=int(match[1]), name=match[2], sql=file.read_text(encoding="utf-8"))
            )
    return tuple(sorted(found, key=lambda migration: migration.number))


async def pending(
    client: AsyncClient, *, known: tuple[Migration, ...] | None = None
) -> tuple[Migration, ...]:
    """The migrations that are still to be applied. Writes nothing.

    Raises SchemaMismatch where an applied one was changed or the database is newer than this code.
    """
    known = migrations() if known is None else known
    with ganglion_errors("reading which migrations were applied"):
        exists = await client.query(statement("migrations_table_exists"))
        rows: Sequence[Sequence[Any]] = []
        if exists.result_rows[0][0]:
            rows = (await client.query(statement("applied_migrations"))).result_rows
    todo = still_pending(known, {int(number): str(checksum) for number, checksum in rows})
    if not todo:
        await _look_for_lost_tables(client, known)
    return todo


async def _look_for_lost_tables(client: AsyncClient, known: tuple[Migration, ...]) -> None:
    with ganglion_errors("looking whether the tables are there"):
        rows = (await client.query(statement("tables"))).result_rows
    lost = sorted(tables_of(known) - {str(name) for (name,) in rows})
    if lost:
        raise LostTables(tuple(lost))


async def restore(client: AsyncClient, *, dry_run: bool) -> tuple[str, ...]:
    """Makes tables and views that are gone again, by running every migration once more, and returns
    their names. What was in them is not restored. Raises as `pending`.
    """
    try:
        await pending(client)
    except LostTables as error:
        if not dry_run:
            for migration in migrations():
                with ganglion_errors(f"applying migration {migration.number:04} once more"):
                    for text in migration.statements:
                        await client.command(text)
        return error.tables
    return ()


def tables_of(known: Sequence[Migration]) -> set[str]:
    """The tables and views of database `swarm` that are there after these migrations."""
    there: set[str] = set()
    for migration in known:
        for text in migration.statements:
            for verb, name in _TABLE.findall(text):
                (there.discard if verb == "DROP" else there.add)(name)
    return there


def still_pending(
    known: tuple[Migration, ...], applied: Mapping[int, str]
) -> tuple[Migration, ...]:
    """Which of `known` are not among `applied` (number → checksum). Raises SchemaMismatch as
    `pending` does.
    """
    newer = sorted(applied.keys() - {migration.number for migration in known})
    if newer:
        raise SchemaMismatch(
            f"the database has migration {newer[-1]}, which this version does not know "
            f"(its last is {known[-1].number}): run the newer version, "
            "an older one must not write to it"
        )
    for migration in known:
        checksum = applied.get(migration.number)
        if checksum is not None and checksum != migration.checksum:
            raise SchemaMismatch(
                f"migration {migration.number:04} {migration.name} was applied with another text "
                "than this version has: restore the file as it was and put the change "
                "into a new migration"
            )
    return tuple(migration for migration in known if migration.number not in applied)


async def migrate(
    client: AsyncClient, *, known: tuple[Migration, ...] | None = None
) -> tuple[Migration, ...]:
    """Brings database `swarm` up to date and returns what was applied. Applying twice, or two at
    once, is harmless.

    Raises SchemaMismatch, Unavailable, Forbidden or Permanent.
    """
    with ganglion_errors("creating the database swarm and its table of migrations"):
        await client.command(statement("create_database"))
        await client.command(statement("create_migrations_table"))
    todo = await pending(client, known=known)
    for migration in todo:
        with ganglion_errors(f"applying migration {migration.number:04} {migration.name}"):
            for text in migration.statements:
                await client.command(text)
            await client.command(
                statement("record_migration"),
                parameters={
                    "number": migration.number,
                    "name": migration.name,
                    "checksum": migration.checksum,
                },
            )
    return todo


def _has_code(part: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("--") for line in part.splitlines())
