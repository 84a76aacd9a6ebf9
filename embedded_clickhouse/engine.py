"""How is a statement run inside this process? The only file that knows chDB. Everything here
blocks: call it in a thread.

What was found out about chDB 4.4 and shapes this file:
- Connections to one path share one engine and are independent: each has its own settings, database,
  roles and temporary
  tables, and statements on different connections run at the same time (the GIL is released). One
  connection costs 0.5 ms.
- `send_query` formats every block as a document of its own, which breaks JSON, Arrow, Parquet and
  everything with a header.
  `INTO OUTFILE` into a pipe gives any format as one true stream, with backpressure. A closed pipe
  does not stop the
  engine; `KILL QUERY` does.
- `send_insert` takes raw bytes of any input format, but no `INSERT … SELECT`.
- `query(…, params=…)` takes the values of `{name:Type}`, for one statement and of any length (in a
  SET they count against `max_query_size`). They must be valid `str`: bytes become `b'…'`.
- `SET profile` brings a profile's constraints and leaves out its values.
- What a statement wrote before it failed (the names of its columns, say) stands before the output
  of the next one on its connection.
- A text may hold several statements, and all of them are run: what is not one is refused here
  (`single.py`).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import chdb

from embedded_clickhouse.access import GRANTS
from embedded_clickhouse.answer import QueryAnswer
from embedded_clickhouse.configuration import NOWHERE
from embedded_clickhouse.exceptions import ClickHouseError, from_engine
from embedded_clickhouse.folder import CONFIGURATION_FILE
from embedded_clickhouse.single import SingleStatements
from embedded_clickhouse.sql import parameter_value, quote

_native: Any = chdb._chdb
_WRITTEN_DOWN = b"SELECT formatQuerySingleLine({statement:String})"
_OF_ANY_LENGTH = b" SETTINGS max_query_size = 0"


class EngineStartError(Exception):
    """The engine can't be opened. The sentence says where and why."""


class EngineConnection:
    """One connection to the engine: its own settings, roles, database and temporary tables. One
    caller at a time."""

    def __init__(self, native: Any, *, single: SingleStatements | None = None) -> None:
        """`single` looks at whatever is to run; without it, nothing but this server's own words
        may."""
        self._native = native
        self._single = single

    def become(self, role: str) -> None:
        """Keep only what this role of `GRANTS` has. Its profile brings its bounds; its values chDB
        leaves out. Raises `KeyError` for another role."""
        GRANTS[role]
        self._run(f"SET ROLE {role}; SET profile = '{role}'".encode(), "Null", {})

    def run(
        self,
        statement: bytes,
        *,
        output_format: str = "TabSeparated",
        parameters: Mapping[str, str] | None = None,
    ) -> QueryAnswer:
        """Run `statement` and return its whole output. `parameters` are the values of its
        `{name:Type}`, for this run only. Raises `ClickHouseError`: for more than one statement,
        too."""
        self._check(statement)
        return self._run(statement, output_format, dict(parameters or {}))

    def _check(self, statement: bytes) -> None:
        if self._single is not None:
            self._single.check(statement)

    def _run(self, statement: bytes, output_format: str, parameters: dict[str, str]) -> QueryAnswer:
        try:
            result = self._native.query(statement, output_format, params=parameters)
        except RuntimeError as error:
            self._drop_output()
            raise from_engine(str(error)) from error
        if result.has_error():
            raise from_engine(result.error_message())
        return QueryAnswer(
            body=result.bytes(),
            read_rows=result.storage_rows_read(),
            read_bytes=result.storage_bytes_read(),
            written_rows=result.rows_written(),
            written_bytes=result.bytes_written(),
            result_rows=result.rows_read(),
            result_bytes=result.bytes_read(),
            elapsed_seconds=result.elapsed(),
        )

    def _drop_output(self) -> None:
        with contextlib.suppress(RuntimeError):
            self._native.query(b"SELECT 1", "Null", params={})

    def written_down(self, text: bytes, *, of_any_length: bool = False) -> bytes:
        """One statement in the engine's plain way; by the settings of this connection, which bound
        its length, too, unless it may be `of_any_length`. Raises `ClickHouseError` (62) for
        several, and for none."""
        asked = _WRITTEN_DOWN + (_OF_ANY_LENGTH if of_any_length else b"")
        parameters = {"statement": parameter_value(text)}
        try:
            return self.run(asked, output_format="RawBLOB", parameters=parameters).body
        except ClickHouseError as error:
            sentence = error.message.partition(": In scope ")[0]  # the scope is ours
            raise ClickHouseError(sentence, code=error.code, name=error.name) from error

    def provoke(self, statement: bytes, *, parameters: Mapping[str, str]) -> None:
        """Begin `statement`, only to hear what is wrong with it. Raises `ClickHouseError`."""
        self._check(statement)
        try:
            begun = self._native.send_query(statement, "Null", params=dict(parameters))
        except RuntimeError as error:
            raise from_engine(str(error)) from error
        self._native.streaming_cancel_query(begun)

    def close(self) -> None:
        """Give the connection back. Its temporary tables are gone."""
        self._native.close()


class Engine:
    """The engine of one data folder, which is ready and held (`folder.py`). One per process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._root: EngineConnection | None = None
        self._single = SingleStatements(self.written_down)

    def open(self) -> None:
        """Start the engine. Raises `EngineStartError`."""
        self._root = self.connect()
        self._root.run(f"DROP DATABASE IF EXISTS {NOWHERE}".encode())

    def connect(self) -> EngineConnection:
        """A new connection, with the rights of `default`. Raises `EngineStartError`."""
        return EngineConnection(self._open(), single=self._single)

    def _open(self) -> Any:
        options = f"{self.path}?config-file={self.path / CONFIGURATION_FILE}"
        try:
            return _native.connect(options)
        except RuntimeError as error:
            raise EngineStartError(f"chDB cannot open {self.path}: {error}") from error

    def written_down(self, text: bytes) -> bytes:
        """One statement in the engine's plain way, from a connection of its own: no setting of a
        session changes what comes out. Raises `ClickHouseError` (62) for several, and for none."""
        connection = EngineConnection(self._open())
        try:
            return connection.written_down(text, of_any_length=True)
        finally:
            connection.close()

    def kill(self, marker: str) -> None:
        """End the running statement whose text holds `marker`. It may have ended by itself."""
        apart = f"concat({quote(marker[:2])}, {quote(marker[2:])})"  # its own text does not
        connection = self.connect()
        try:
            connection.run(f"KILL QUERY WHERE position(query, {apart}) > 0 ASYNC".encode())
        finally:
            connection.close()

    def close(self) -> None:
        """Stop the engine. No statement may be running."""
        root, self._root = self._root, None
        if root is not None:
            root.close()


def descriptor_path(descriptor: int) -> str:
    """The path under which the engine, in this process, opens a file descriptor of ours."""
    return f"/proc/{os.getpid()}/fd/{descriptor}"
