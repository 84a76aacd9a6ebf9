"""Is this a statement that only reads? The engine's own parser says what it is.

This server cuts a text where it has to and may be mistaken about what it holds; the engine writes a
statement down again in one plain way: one statement, keywords in capitals, no comments, names and
strings in quotes. Only that is looked at here.
"""

from __future__ import annotations

from ganglion.engines.clickhouse.access import TABLE_FUNCTIONS
from ganglion.engines.clickhouse.engine import Connection
from ganglion.engines.clickhouse.exceptions import ClickHouseError, Code, refusal
from ganglion.engines.clickhouse.preparation import create_table
from ganglion.engines.clickhouse.request import ExternalTable
from ganglion.engines.clickhouse.sql import (
    Statement,
    called,
    is_bare_table,
    parameter_value,
    parse_statement,
    says,
)
from ganglion.engines.clickhouse.users import User

_WRITTEN_DOWN = b"SELECT formatQuerySingleLine({statement:String})"


def reaching_functions(connection: Connection) -> frozenset[str]:
    """The engine's table functions that no statement that only reads may name, in small letters."""
    listed = connection.run(b"SELECT lower(name) FROM system.table_functions").body.decode()
    return frozenset(listed.split()) - TABLE_FUNCTIONS


def check_reads(
    connection: Connection, user: User, statement: Statement, *, reaching: frozenset[str]
) -> None:
    """Refuse whatever is not one statement that reads, or sets a setting of its session; and one
    that names a function of `reaching`, some of which create a file before they are refused. Raises
    `ClickHouseError` (497, or 164 for an account that may more; 62 for what is no statement)."""
    if statement.kind == "insert":
        raise _denied(user, "INSERT")
    plain = parse_statement(_written_down(connection, statement.text[: statement.end]))
    if plain.names_file:
        raise _denied(user, "INTO OUTFILE")
    words = plain.words
    sets = words[:1] == ("SET",) and words[2:3] == ("=",)
    if plain.kind != "read" and not sets and words[:1] != ("USE",):
        raise _denied(user, " ".join(words[:2]))
    for name in sorted(called(plain.text) & reaching):
        raise _denied(user, f"The table function {name}")
    if says(plain.text, "=", "DEFAULT"):
        raise _denied(user, "a setting without its value (= DEFAULT)")


def check_table(connection: Connection, user: User, table: ExternalTable) -> None:
    """Refuse an external table whose structure is more than columns. Raises `ClickHouseError`
    (497; 62 for what is no structure)."""
    plain = _written_down(connection, create_table(table).encode("utf-8", "surrogateescape"))
    if not is_bare_table(plain):
        raise _denied(user, "a table of more than columns")


def _written_down(connection: Connection, text: bytes) -> bytes:
    parameters = {"statement": parameter_value(text)}
    try:
        return connection.run(_WRITTEN_DOWN, output_format="RawBLOB", parameters=parameters).body
    except ClickHouseError as error:
        sentence = error.message.partition(": In scope ")[0]  # the scope is ours, not the asker's
        raise ClickHouseError(sentence, code=error.code, name=error.name) from error


def _denied(user: User, what: str) -> ClickHouseError:
    if user.rights.may_write:  # so it is the request that may not: GET
        return refusal(
            Code.READONLY, f"{user.name}: Cannot execute query in readonly mode: {what} by GET"
        )
    return refusal(
        Code.ACCESS_DENIED,
        f"{user.name}: Not enough privileges. {what} is not for an account that only reads",
    )
