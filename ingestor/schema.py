"""What is to be done to a database so that it has the schema of this code? Pure.

What mirrors the contract, the two tables and the view between them, is derived from it and compared
with the columns that are there. Views are made anew when their text changed. What else there is
comes by numbered migrations. Each statement may run twice, and a step is recorded after all of its
statements have succeeded.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Final

from ingestor.column_type import OtherType, UnknownElement, grown
from ingestor.contract_columns import Column, events, landing
from ingestor.door import VIEW, door
from ingestor.statements import quote_literal, statement
from ingestor.view_files import views
from nervous_system.errors import Fatal

_FILE_NAME: Final = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_TABLE: Final = re.compile(r"^CREATE TABLE IF NOT EXISTS swarm\.(\w+)", re.MULTILINE)

_MADE_BEFORE: Final = {
    1: ("epochs", "watermarks", "writers"),
    2: ("events",),
    10: ("menders", "salvaged", "audits"),
    12: ("foreign_rows",),
}
"""The tables with data that the migrations made whose place the baseline takes."""


class SchemaMismatch(Fatal):
    """The database's schema is not one that this code can bring up to date."""


class LostTables(SchemaMismatch):
    """Tables that were made are gone."""

    def __init__(self, tables: tuple[str, ...]) -> None:
        self.tables = tables
        super().__init__(
            f"swarm.{tables[0]} is gone, though it was made once: run `ganglion repair`,"
            " which makes it again; what is on the log is recorded anew, what is not, only a backup"
            " can bring"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaStep:
    """Some statements, and what is remembered of them: a number, or a name with a checksum."""

    name: str
    statements: tuple[str, ...]
    checksum: str
    number: int = 0  # of a migration

    @property
    def title(self) -> str:
        """For people."""
        return f"{self.number:04} {self.name}" if self.number else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnThere:
    """A column as `system.columns` has it."""

    type: str
    filled_by: str  # DEFAULT, MATERIALIZED or ALIAS; empty: by inserts
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedStep:
    """What is remembered of a step that has no number."""

    checksum: str
    version: str  # of the program that did it


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """What a database has."""

    tables: frozenset[str] = frozenset()  # and views
    columns: Mapping[str, Mapping[str, ColumnThere]] = field(default_factory=dict)  # by table
    applied: Mapping[int, str] = field(default_factory=dict)  # migrations: number to checksum
    recorded: Mapping[str, RecordedStep] = field(default_factory=dict)  # other steps, by name


def digest(*texts: str) -> str:
    """SHA-256, hex."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


@cache
def migrations() -> tuple[SchemaStep, ...]:
    """All numbered migrations that this code has, in order."""
    found = []
    for file in (files("ingestor") / "migrations").iterdir():
        match = _FILE_NAME.fullmatch(file.name)
        if match:
            sql = file.read_text(encoding="utf-8")
            found.append(
                SchemaStep(
                    number=int(match[1]),
                    name=match[2],
                    statements=_statements(sql),
                    checksum=digest(sql),
                )
            )
    return tuple(sorted(found, key=lambda step: step.number))


@cache
def own_version() -> str:
    """Of this program."""
    return version("ganglion")


def from_scratch() -> tuple[str, ...]:
    """The statements that make it all, in a database `swarm` that is empty."""
    return tuple(text for step in steps(There()) for text in step.statements)


def steps(there: There, *, lost_as_new: bool = False) -> tuple[SchemaStep, ...]:
    """What is to be done, in order. Raises SchemaMismatch if the database is newer than this code,
    a migration that was applied has another text, or a column another type; LostTables unless they
    are to be made as new ones.
    """
    _refuse_newer(there)
    lost = lost_tables(there)
    if lost and not lost_as_new:
        raise LostTables(lost)
    return (
        *_table_steps(there, "events", events()),
        *_table_steps(there, "landing", landing()),
        *_filled_steps(there),
        *(
            step
            for step in migrations()
            if step.number not in there.applied or {*_made_by(step)} & {*lost}
        ),
        *_door_steps(there),
        *(
            step
            for view in views()
            for step in _unless_done(
                there,
                SchemaStep(
                    name=f"view {view.name}", statements=view.statements, checksum=view.checksum
                ),
            )
        ),
        *_leftover_views(there),
    )


def lost_tables(there: There) -> tuple[str, ...]:
    """Tables with data that were made once, and are gone."""
    made = {"events"} if "table events" in there.recorded else set()
    for number, tables in _MADE_BEFORE.items():
        made |= {*tables} if number in there.applied else set()
    for step in migrations():
        made |= {*_made_by(step)} if step.number in there.applied else set()
    return tuple(sorted(made - there.tables))


def gone(there: There) -> tuple[str, ...]:
    """Tables and views that were made once, and are not there."""
    kinds = (name.split(" ") for name in there.recorded)
    made = {name for kind, name in kinds if kind in ("table", "view")}
    return tuple(sorted({*lost_tables(there), *(made - there.tables)}))


def outdated(applied: Mapping[int, str], recorded: Mapping[str, RecordedStep]) -> tuple[str, ...]:
    """The titles of the steps that are not remembered as done. Raises SchemaMismatch."""
    there = There(applied=applied, recorded=recorded)
    _refuse_newer(there)
    return tuple(
        step.title
        for step in steps(There())
        if (
            step.number not in applied
            if step.number
            else step.name not in recorded or recorded[step.name].checksum != step.checksum
        )
    )


def _refuse_newer(there: There) -> None:
    known = migrations()
    newest = max(there.applied, default=0)
    if newest > known[-1].number:
        raise SchemaMismatch(
            f"the database has migration {newest}, which this version does not know "
            f"(its last is {known[-1].number}): run the newer version, "
            "an older one must not write to it"
        )
    for step in known:
        if there.applied.get(step.number, step.checksum) != step.checksum:
            raise SchemaMismatch(
                f"migration {step.title} was applied with another text "
                "than this version has: restore the file as it was and put the change "
                "into a new migration"
            )
    for name, recorded in there.recorded.items():
        if _order(recorded.version) > _order(own_version()):
            raise SchemaMismatch(
                f"{name} of the database was made by version {recorded.version}, and this is "
                f"{own_version()}: run the newer version, an older one must not write to it"
            )


def _order(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text.partition("+")[0]))


def _table_steps(there: There, table: str, wanted: Sequence[Column]) -> Iterator[SchemaStep]:
    """The table, made or altered. What the engine fills is materialized in rows that are there."""
    declarations = [column.declaration for column in wanted]
    name, checksum = f"table {table}", digest(*declarations)
    if table not in there.tables:
        create = statement(f"create_{table}").replace("%COLUMNS%", ",\n    ".join(declarations))
        yield SchemaStep(name=name, statements=(create,), checksum=checksum)
        return
    recorded = there.recorded.get(name)
    changes = list(_changes(table, there.columns[table], wanted))
    if changes or recorded is None or recorded.checksum != checksum:
        alter = (f"ALTER TABLE swarm.{table} {', '.join(changes)}",) if changes else ()
        yield SchemaStep(name=name, statements=alter, checksum=checksum)


def _changes(
    table: str, there: Mapping[str, ColumnThere], wanted: Sequence[Column]
) -> Iterator[str]:
    before = ""
    for column in wanted:
        found = there.get(column.name)
        if found is None:
            yield f"ADD COLUMN IF NOT EXISTS {column.declaration} {before or 'FIRST'}"
        else:
            yield from _column_repairs(table, column, found)
        before = f"AFTER `{column.name}`"
    known = {column.name for column in wanted}
    for name, found in there.items():
        if name not in known and not found.filled_by:
            raise SchemaMismatch(
                f"swarm.{table} has a column {name}, which this version does not know: run the "
                "newer version that made it, an older one must not write here; or, if somebody "
                "added it by hand, drop it"
            )


def _column_repairs(table: str, column: Column, found: ColumnThere) -> Iterator[str]:
    try:
        kind = grown(found.type, column.type)
    except UnknownElement as error:
        raise SchemaMismatch(
            f"swarm.{table}.{column.name} has an element {error}, which this version does not know:"
            " run the newer version that made it, an older one must not write here"
        ) from error
    except OtherType as error:
        raise SchemaMismatch(
            f"swarm.{table}.{column.name} is {found.type}, and the contract wants {column.type}: "
            "somebody altered it; give it that type again"
        ) from error
    if kind != found.type:
        yield f"MODIFY COLUMN `{column.name}` {kind}"
    if found.comment != column.comment:
        yield f"COMMENT COLUMN `{column.name}` {quote_literal(column.comment)}"


def _filled_steps(there: There) -> Iterator[SchemaStep]:
    """Columns that the engine fills, once their expression is another: in the rows that are there
    the background does it, and until then it is worked out when it is read.
    """
    for column in events():
        if not column.materialized:
            continue
        name, checksum = f"column {column.name}", digest(column.materialized)
        recorded = there.recorded.get(name)
        if recorded is not None and recorded.checksum == checksum:
            continue
        alter = (
            f"ALTER TABLE swarm.events MODIFY COLUMN {column.declaration}",
            f"ALTER TABLE swarm.events MATERIALIZE COLUMN `{column.name}`",
        )
        is_new = "events" not in there.tables
        yield SchemaStep(name=name, statements=() if is_new else alter, checksum=checksum)


def _door_steps(there: There) -> Iterator[SchemaStep]:
    step = SchemaStep(name=f"view {VIEW}", statements=door(), checksum=digest(*door()))
    if VIEW in there.tables and not {"events", "landing"} <= there.tables:
        dropped = f"DROP VIEW IF EXISTS swarm.{VIEW}"  # it would stay with the table that is gone
        yield replace(step, statements=(dropped, *step.statements))
    else:
        yield from _unless_done(there, step)


def _unless_done(there: There, step: SchemaStep) -> Iterator[SchemaStep]:
    """The step, unless it is remembered as done and its view is there."""
    recorded = there.recorded.get(step.name)
    is_there = step.name.removeprefix("view ") in there.tables
    if not is_there or recorded is None or recorded.checksum != step.checksum:
        yield step


def _leftover_views(there: There) -> Iterator[SchemaStep]:
    """Views that an earlier version made and this one has no more."""
    known = {VIEW, *(view.name for view in views())}
    for name in there.recorded:
        kind, _, view = name.partition(" ")
        if kind == "view" and view not in known and view in there.tables:
            yield SchemaStep(
                name=name, statements=(f"DROP VIEW IF EXISTS swarm.{view}",), checksum=""
            )


def _made_by(step: SchemaStep) -> tuple[str, ...]:
    return tuple(name for text in step.statements for name in _TABLE.findall(text))


def _statements(sql: str) -> tuple[str, ...]:
    """The statements in order. In our files a semicolon ends a line only if it ends a statement."""
    parts = re.split(r";[ \t]*$", sql, flags=re.MULTILINE)
    return tuple(part.strip() for part in parts if _has_code(part))


def _has_code(part: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("--") for line in part.splitlines())
