"""What did a kept home answer, and what was a database before the baseline?"""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from pathlib import Path

from ingestor.schema import digest
from ingestor.warehouse import ClickHouseWarehouse
from tests.ingestor.kept_home.make import ANSWERS, FOLDER, HOME, MOMENTS, ask

OLD_MIGRATIONS = FOLDER / "migrations.tar.xz"

Schema = dict[str, dict[str, tuple[str, ...]]]


@dataclass(frozen=True)
class Answer:
    """What a table or view answered: the columns it had, of which types, and its rows."""

    name: str
    text: bytes

    @property
    def query(self) -> str:
        """The same question, of columns that may have become more since."""
        names, types = (line.decode().split("\t") for line in self.text.split(b"\n", 2)[:2])
        columns = ", ".join(
            f"CAST({name} AS {_unescaped(kind)}) AS {name}"
            for name, kind in zip(names, types, strict=True)
        )
        source = self.name
        if self.name == "heard":
            source = "events"
        elif self.name.startswith("key_indicators_at_"):
            moment = MOMENTS[int(self.name.rpartition("_")[2])]
            source = f"key_indicators_at(now = '{moment}')"
        return f"SELECT {columns} FROM swarm.{source} ORDER BY ALL"

    async def now(self, warehouse: ClickHouseWarehouse) -> bytes:
        """What it answers now."""
        return await ask(warehouse, self.query)


def kept_answers() -> list[Answer]:
    """All of them."""
    with tarfile.open(ANSWERS) as packed:
        return [
            Answer(entry.name.removesuffix(".tsv"), packed.extractfile(entry).read())
            for entry in packed
        ]


def unpack(folder: Path) -> Path:
    """The data folder for an embedded ClickHouse."""
    with tarfile.open(HOME) as packed:
        packed.extractall(folder, filter="fully_trusted")
    return folder / "clickhouse"


def old_migrations() -> dict[int, tuple[str, str]]:
    """Name and text of the migrations that the baseline took the place of, by number."""
    with tarfile.open(OLD_MIGRATIONS) as packed:
        files = {
            entry.name.removesuffix(".sql"): packed.extractfile(entry).read().decode()
            for entry in packed
        }
    return {int(name[:4]): (name[5:], text) for name, text in sorted(files.items())}


async def as_it_was(warehouse: ClickHouseWarehouse, number: int) -> None:
    """The database as the old migrations up to this one left it."""
    client = warehouse.client
    await client.command("DROP DATABASE IF EXISTS swarm SYNC")
    await client.command("CREATE DATABASE swarm")
    await client.command(
        "CREATE TABLE swarm.migrations (number UInt32 COMMENT 'number of the migration: 1, 2, 3 …',"
        " name String COMMENT 'what it is called',"
        " checksum String COMMENT 'SHA-256 of its text, hex; an applied migration never changes',"
        " applied_at DateTime64(9, 'UTC') COMMENT 'when it was done') ENGINE = MergeTree"
        " ORDER BY number COMMENT 'The migrations that were applied to this database.'"
    )
    for each, (name, text) in old_migrations().items():
        if each <= number:
            for statement in text.split(";\n"):
                if any(line and not line.startswith("--") for line in statement.splitlines()):
                    await client.command(statement)
            await client.insert(
                "swarm.migrations",
                [(each, name, digest(text), "2026-11-21 09:00:00")],
                column_names=["number", "name", "checksum", "applied_at"],
                column_type_names=["UInt32", "String", "String", "String"],
            )


async def there(warehouse: ClickHouseWarehouse) -> Schema:
    """Each table and view with its columns, in whatever order."""
    found = await warehouse.client.query(
        "SELECT table, name, type, default_kind, default_expression, comment"
        " FROM system.columns WHERE database = 'swarm'"
    )
    tables = await warehouse.client.query(
        "SELECT name, comment, engine, as_select FROM system.tables WHERE database = 'swarm'"
    )
    said: Schema = {str(name): {"": tuple(rest)} for name, *rest in tables.result_rows}
    for table, name, *rest in found.result_rows:
        said[table][name] = tuple(rest)
    return said


def _unescaped(text: str) -> str:
    return text.replace("\\'", "'")
