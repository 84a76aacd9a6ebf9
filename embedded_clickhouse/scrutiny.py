"""What does this statement do, and what does it name? The engine's own parser says so.

This server cuts a text where it has to and may be mistaken about what it holds; the engine writes a
statement down again in one plain way: one statement, keywords in capitals, no comments, names and
strings in quotes. Only that is looked at here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from embedded_clickhouse.access import DISK, ENGINES, TABLE_FUNCTIONS, WRITERS_FUNCTIONS
from embedded_clickhouse.engine import EngineConnection
from embedded_clickhouse.exceptions import ClickHouseError, Code, refusal
from embedded_clickhouse.request import DEFAULT_OUTPUT_FORMAT, ExternalTable
from embedded_clickhouse.session_setup import INPUT_TABLE, PROFILE, create_table
from embedded_clickhouse.sql import (
    Statement,
    called_functions,
    engines,
    is_bare_table,
    parse_statement,
    says,
    settings_named,
)
from embedded_clickhouse.text_cache import TextCache, is_short
from embedded_clickhouse.users import User

MAX_REMEMBERED: Final = 256
"""So many texts that were found good are not looked at again."""
_TEMPORARY: Final = b"CREATE TEMPORARY"
_ANY_DATA: Final = b"\nFORMAT Values"
_Refuse = Callable[[User, str], ClickHouseError]


def reaching_functions(connection: EngineConnection) -> frozenset[str]:
    """The engine's table functions that no statement may name, in small letters."""
    listed = connection.run(b"SELECT lower(name) FROM system.table_functions").body.decode()
    return frozenset(listed.split()) - TABLE_FUNCTIONS


class Scrutiny:
    """Looks at each statement before it runs: at those of accounts that only read, and of GET, for
    whether they do; at all for whether they keep to the tables."""

    def __init__(self, *, reaching: frozenset[str], is_open: bool) -> None:
        """`reaching` are the table functions that are refused: some of them create a file before
        the engine asks whether they may. `is_open`: whoever may write may name them."""
        self._reaching = reaching
        self._refused_functions = reaching - WRITERS_FUNCTIONS | {DISK}
        names = b"|".join(re.escape(name.encode()) for name in sorted(self._refused_functions))
        self._may_name = re.compile(rb"%s|engine|input|;|\\" % names).search
        self._is_open = is_open
        self._good = TextCache(MAX_REMEMBERED)

    def knows(self, statement: Statement, tables: Sequence[ExternalTable]) -> bool:
        """Whether `check_writes` would find nothing, as far as is known without looking."""
        return self._is_open or all(map(self._is_good, _texts(statement, tables)))

    def check_writes(
        self,
        connection: EngineConnection,
        user: User,
        statement: Statement,
        tables: Sequence[ExternalTable],
    ) -> None:
        """Refuse whatever is not one statement, or reaches out of the tables. Raises
        `ClickHouseError` (497; 62 for what is no statement)."""
        first, *others = _texts(statement, tables)
        if not others and not self._may_name(first.lower()):
            return
        plain = connection.written_down(first)
        for name in sorted(called_functions(plain, before_blanks=False) & self._refused_functions):
            raise _reaches(user, f"The function {name}")
        for name in sorted(engines(plain) - ENGINES):
            raise _reaches(user, f"The engine {name}")
        for text in others:
            self._check_table(connection, user, text, refuse=_reaches)
        for text in (first, *others):
            self._good.add(text)

    def check_reads(
        self,
        connection: EngineConnection,
        user: User,
        statement: Statement,
        tables: Sequence[ExternalTable],
    ) -> None:
        """Refuse whatever is not one statement that reads, or sets a setting of its session; and
        one that reaches out of the tables. Raises `ClickHouseError` (497, or 164 for an account
        that may more; 62 for what is no statement)."""
        if statement.kind == "insert":
            raise _access_denied(user, "INSERT")
        plain = parse_statement(connection.written_down(statement.text[: statement.end]))
        if plain.names_file:
            raise _access_denied(user, "INTO OUTFILE")
        words = plain.words
        sets = words[:1] == ("SET",) and words[2:3] == ("=",)
        if plain.kind != "read" and not sets and words[:1] != ("USE",):
            raise _access_denied(user, " ".join(words[:2]))
        if says(plain.text, "INSERT", "INTO"):  # EXPLAIN: behind its data is another statement
            raise _access_denied(user, "INSERT")
        if says(plain.text, "PARALLEL", "WITH"):
            raise _access_denied(user, "PARALLEL WITH")
        if PROFILE in settings_named(plain.text) and not user.rights.may_write:
            raise _access_denied(user, "a setting profile")
        for name in sorted(called_functions(plain.text) & self._reaching):
            raise _access_denied(user, f"The table function {name}")
        if says(plain.text, "=", "DEFAULT"):
            raise _access_denied(user, "a setting without its value (= DEFAULT)")
        for table in tables:
            self._check_table(connection, user, _creating(table), refuse=_access_denied)

    def _check_table(
        self, connection: EngineConnection, user: User, text: bytes, *, refuse: _Refuse
    ) -> None:
        """Refuse a table of a request whose structure is more than columns."""
        plain = connection.written_down(text)
        if not is_bare_table(plain):
            raise refuse(user, "a table of more than columns")
        for name in sorted(called_functions(plain) & self._reaching):
            raise refuse(user, f"The table function {name}")

    def _is_good(self, text: bytes) -> bool:
        """Whether a text was looked at before, or holds no letters of a name that is refused. Those
        stand in it as they are: without a backslash nothing is spelled otherwise."""
        if text in self._good:
            return True
        is_looked_for = is_short(text) and not text.startswith(_TEMPORARY)
        return is_looked_for and not self._may_name(text.lower())


def _texts(statement: Statement, tables: Sequence[ExternalTable]) -> Iterator[bytes]:
    """What the engine has to write down: the statement, without data, and each table that is made
    for it."""
    if statement.kind == "insert":
        head = statement.end if statement.format_start is None else statement.format_start
        yield statement.text[:head] + _ANY_DATA
        if statement.input_call is not None:
            structure = statement.input_call.structure.decode("utf-8", "replace")
            yield _creating(ExternalTable(INPUT_TABLE, structure, DEFAULT_OUTPUT_FORMAT))
    else:
        yield statement.text[: statement.end]
    for table in tables:
        yield _creating(table)


def _creating(table: ExternalTable) -> bytes:
    return create_table(table).encode("utf-8", "surrogateescape")


def _reaches(user: User, what: str) -> ClickHouseError:
    return refusal(
        Code.ACCESS_DENIED,
        f"{user.name}: Not enough privileges. {what} reaches out of the tables, which no statement"
        " does unless GANGLION_CLICKHOUSE_OPEN is set",
    )


def _access_denied(user: User, what: str) -> ClickHouseError:
    if user.rights.may_write:  # so it is the request that may not: GET
        return refusal(
            Code.READONLY, f"{user.name}: Cannot execute query in readonly mode: {what} by GET"
        )
    return refusal(
        Code.ACCESS_DENIED,
        f"{user.name}: Not enough privileges. {what} is not for an account that only reads",
    )
